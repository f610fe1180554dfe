/**
 * Bytes for the tests of `src/onnx`: fixture files, chunks of any size, and models built with `onnx-buf`, the generated
 * protobuf code, which knows nothing of our reader and so is the oracle for it.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { create, type DescMessage, type Message, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { GraphProtoSchema, ModelProtoSchema, type NodeProtoSchema, type TensorProtoSchema } from 'onnx-buf';

/** The fields of a message as a plain object. */
type Init<T extends DescMessage> = Exclude<MessageInitShape<T>, Message>;
export type GraphInit = Init<typeof GraphProtoSchema>;
export type NodeInit = Init<typeof NodeProtoSchema>;
export type TensorInit = Init<typeof TensorProtoSchema>;
type ModelInit = Init<typeof ModelProtoSchema>;

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** Folders of tests/fixtures that hold a model. */
export const fixtureNames = readdirSync(fixtures, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && readdirSync(fixtures + entry.name).includes('model.onnx'))
  .map((entry) => entry.name);

export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(`${fixtures}${name}/model.onnx`));
}

/** By hand: in chunks of one byte a generator takes twice as long, which is a fifth of what reading them takes. */
export function chunked(bytes: Uint8Array, size = bytes.length): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      let at = 0;
      return {
        async next() {
          if (at >= bytes.length) return { done: true, value: undefined };
          at += size;
          return { done: false, value: bytes.subarray(at - size, at) };
        },
        async return() {
          at = bytes.length;
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** A float32 value of this shape. */
export function valueInfo(name: string, dims: readonly number[] = [1], elemType = 1) {
  const dim = dims.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } }));
  return { name, type: { value: { case: 'tensorType' as const, value: { elemType, shape: { dim } } } } };
}

/** A whole file around this graph. */
export function modelBytes(graph: GraphInit | undefined, more: ModelInit = {}): Uint8Array {
  const init: ModelInit = {
    irVersion: 10n,
    opsetImport: [{ domain: '', version: 21n }],
    ...(graph && { graph: create(GraphProtoSchema, graph) }),
    ...more,
  };
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, init));
}

/** A file with these initializers and nothing that uses them. */
export function weightsBytes(...initializer: TensorInit[]): Uint8Array {
  return modelBytes({ name: 'weights', initializer });
}

/** A file with these nodes between `x` and `y`. */
export function nodesBytes(...node: NodeInit[]): Uint8Array {
  return modelBytes({ name: 'nodes', input: [valueInfo('x')], output: [valueInfo('y')], node });
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
