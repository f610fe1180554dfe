/** Every fixture, through the reader and the writer, against the generated protobuf code and against onnxruntime. */

import { createHash } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import type { AttributeProto, GraphProto } from 'onnx-buf';
import { ModelProtoSchema } from 'onnx-buf';
import * as ort from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import type { Attribute, Graph, Model, ValueInfo } from '../../src/onnx';
import { readModel, writeModel } from '../../src/onnx';
import { chunked, fixtureBytes, fixtureNames } from '../support/onnxFiles';

async function readWhole(bytes: Uint8Array, chunkSize?: number) {
  const weights = new Map<string, Uint8Array>();
  const model = await readModel(chunked(bytes, chunkSize), {
    onTensor: ({ name, bytes: lent }) => {
      weights.set(name, lent.slice());
    },
  });
  return { model, weights };
}

describe.each(fixtureNames)('%s', (name) => {
  const bytes = fixtureBytes(name);

  it('reads as the generated protobuf code reads it', async () => {
    const { model, weights } = await readWhole(bytes);
    const proto = fromBinary(ModelProtoSchema, bytes);
    expect(model.irVersion).toBe(Number(proto.irVersion));
    expect(model.opsets).toEqual(Object.fromEntries(proto.opsetImport.map((o) => [o.domain, Number(o.version)])));
    compareGraphs(model.graph, proto.graph as GraphProto, weights);
  });

  it.each([1, 7, 4096])('reads the same in chunks of %i bytes', async (size) => {
    const whole = await readWhole(bytes);
    const inPieces = await readWhole(bytes, size);
    expect(inPieces.model).toEqual(whole.model);
    expect(digests(inPieces.weights)).toEqual(digests(whole.weights));
  });

  it('is the same after writing and reading again', async () => {
    const { model, weights } = await readWhole(bytes);
    const again = await readWhole(writeModel(model, (weight) => weights.get(weight)));
    expect(again.model).toEqual(model);
    expect(digests(again.weights)).toEqual(digests(weights));
  });
});

it('onnxruntime runs every written model, and gives the very numbers of the original', async () => {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'fatal';
  let ran = 0;
  for (const name of fixtureNames) {
    const bytes = fixtureBytes(name);
    const { model, weights } = await readWhole(bytes);
    const original = await run(bytes, model);
    const written = await run(
      writeModel(model, (weight) => weights.get(weight)),
      model,
    );
    expect(written, name).toEqual(original);
    if (typeof original !== 'string') ran++;
  }
  // The rest use operators that the wasm build lacks, and fail both times with the same message.
  expect(ran).toBeGreaterThanOrEqual(Math.ceil(fixtureNames.length * 0.7));
}, 120_000);

/** Digests of the outputs by name, or the message where onnxruntime refuses the model. */
async function run(bytes: Uint8Array, model: Model): Promise<Record<string, string> | string> {
  try {
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'], logSeverityLevel: 4 });
    const feeds = Object.fromEntries(model.graph.inputs.map((input) => [input.name, feedFor(input)]));
    const outputs = await session.run(feeds, { logSeverityLevel: 4 });
    await session.release();
    return digests(new Map(Object.entries(outputs).map(([name, { data }]) => [name, data as ArrayBufferView])));
  } catch (error) {
    return String(error).replace(/0x[0-9a-f]+|\d{6,}/g, '');
  }
}

const PAST = 5;
const TOKENS = 4;
const HEAD_DIM = 16;

function feedFor({ name, dataType, dims }: ValueInfo): ort.Tensor {
  const length = name === 'attention_mask' ? PAST + TOKENS : name.startsWith('past') ? PAST : TOKENS;
  const shape = dims.map((dim, axis) =>
    typeof dim === 'number' ? dim : axis === 0 ? 1 : axis === 3 ? HEAD_DIM : length,
  );
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (dataType === 'int64') {
    const value = (i: number) => (name === 'attention_mask' ? 1 : name === 'position_ids' ? PAST + i : i * 7 + 1);
    return new ort.Tensor(
      'int64',
      BigInt64Array.from({ length: size }, (_, i) => BigInt(value(i))),
      shape,
    );
  }
  if (dataType === 'float16') {
    // 0x3000 is 0.125
    return new ort.Tensor(
      'float16',
      Uint16Array.from({ length: size }, (_, i) => 0x3000 + (i % 512)),
      shape,
    );
  }
  if (dataType === 'bool') return new ort.Tensor('bool', new Uint8Array(size).fill(1), shape);
  return new ort.Tensor(
    'float32',
    Float32Array.from({ length: size }, (_, i) => Math.sin(i)),
    shape,
  );
}

function compareGraphs(graph: Graph, proto: GraphProto, weights: ReadonlyMap<string, Uint8Array>): void {
  expect(graph.name).toBe(proto.name);
  const byOutput = new Map(graph.nodes.map((node) => [node.outputs.find((output) => output !== ''), node]));
  expect(byOutput.size).toBe(proto.node.length);
  for (const expected of proto.node) {
    const node = byOutput.get(expected.output.find((output) => output !== ''));
    expect(node).toMatchObject({
      name: expected.name,
      opType: expected.opType,
      domain: expected.domain === 'ai.onnx' ? '' : expected.domain,
      inputs: expected.input,
      outputs: expected.output,
    });
    expect(Object.keys(node?.attributes ?? {}).sort()).toEqual(expected.attribute.map((a) => a.name).sort());
    for (const attribute of expected.attribute) compareAttributes(node?.attributes[attribute.name], attribute, weights);
  }
  expect([...graph.initializers.keys()]).toEqual(proto.initializer.map((tensor) => tensor.name));
  for (const tensor of proto.initializer) {
    expect(graph.initializers.get(tensor.name)?.dims).toEqual(tensor.dims.map(Number));
    if (tensor.rawData.length > 0) {
      const read = weights.get(tensor.name) ?? new Uint8Array(0);
      expect(Buffer.compare(read, tensor.rawData), tensor.name).toBe(0);
    }
  }
  expect(graph.outputs.map((output) => output.name)).toEqual(proto.output.map((output) => output.name));
}

function compareAttributes(
  attribute: Attribute | undefined,
  proto: AttributeProto,
  weights: ReadonlyMap<string, Uint8Array>,
): void {
  const utf8 = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (attribute?.type === 'graph') {
    compareGraphs(attribute.value, proto.g as GraphProto, weights);
    return;
  }
  const value = attribute?.type === 'tensor' ? attribute.value.dims : attribute?.value;
  const expected = {
    int: () => clamped(proto.i),
    float: () => proto.f,
    string: () => utf8(proto.s),
    tensor: () => proto.t?.dims.map(Number),
    ints: () => proto.ints.map(clamped),
    floats: () => proto.floats,
    strings: () => proto.strings.map(utf8),
  }[attribute?.type ?? 'int'];
  expect(value, proto.name).toEqual(expected());
}

/** As the IR has it. */
function clamped(value: bigint): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(value)));
}

/** Many megabytes compare quickly this way. */
function digests(arrays: ReadonlyMap<string, ArrayBufferView>): Record<string, string> {
  return Object.fromEntries(
    [...arrays].map(([name, { buffer, byteOffset, byteLength }]) => [
      name,
      createHash('sha1')
        .update(new Uint8Array(buffer, byteOffset, byteLength))
        .digest('hex'),
    ]),
  );
}
