/** The reader holds the largest tensor and one chunk, no more, however large the model is. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { readModel } from '../../src/onnx';
import { modelBytes, type TensorInit } from '../support/onnxFiles';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const MiB = 2 ** 20;
const TENSOR = 8 * MiB;
const COUNT = 8;
const CHUNK = 1 * MiB;

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];

/** A file of 64 MiB that exists only chunk by chunk: `pieces` are made when they are asked for. */
function modelFile(fill: (tensor: number, at: number) => number): (() => Uint8Array)[] {
  const heads = Array.from({ length: COUNT }, (_, i) => {
    const name = [0x42, 2, 0x77, 0x30 + i];
    const body = [8, ...varint(TENSOR / 4), 0x10, 1, ...name, 0x4a, ...varint(TENSOR)];
    return Uint8Array.from([0x2a, ...varint(body.length + TENSOR), ...body]);
  });
  const graph = heads.reduce((sum, head) => sum + head.length + TENSOR, 0);
  const start = Uint8Array.from([8, 10, 0x42, 2, 0x10, 21, 0x3a, ...varint(graph)]);
  const chunks = Array.from({ length: TENSOR / CHUNK }, (_, i) => i * CHUNK);
  return [
    () => start,
    ...heads.flatMap((head, i) => [() => head, ...chunks.map((at) => () => new Uint8Array(CHUNK).fill(fill(i, at)))]),
  ];
}

/** What is held when the reader waits or hands out a tensor: the tensor, a chunk, and what V8 and the test hold besides. */
const LIMIT = TENSOR + CHUNK + 0.5 * MiB;

/**
 * The greatest number of live bytes in array buffers, over all samples. Freed buffers are counted off behind the scenes,
 * some time after a collection: each sample is the least of several looks, never less than what is live.
 */
function highWater() {
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  return {
    async sample() {
      let least = Number.POSITIVE_INFINITY;
      for (let look = 0; look < 50 && least > LIMIT; look++) {
        await new Promise((resolve) => setImmediate(resolve));
        collectGarbage();
        least = Math.min(least, process.memoryUsage().arrayBuffers - before);
      }
      peak = Math.max(peak, least);
    },
    get bytes() {
      return peak;
    },
  };
}

/** Makes one chunk after another, and keeps none (as a generator would, in its variables). */
function watched(pieces: (() => Uint8Array)[], sample: () => Promise<void>): AsyncIterable<Uint8Array> {
  let next = 0;
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        await sample();
        const piece = pieces[next++];
        return piece ? { done: false, value: piece() } : { done: true, value: undefined };
      },
    }),
  };
}

describe('a model of 64 MiB in tensors of 8 MiB, chunks of 1 MiB', () => {
  it.each([true, false])('inside the file (its size is known: %s)', async (sizeIsKnown) => {
    const water = highWater();
    const fill = (tensor: number, at: number) => tensor * 16 + at / CHUNK;
    let byteLength = 0;
    if (sizeIsKnown) for (const piece of modelFile(fill)) byteLength += piece().length;
    const seen: string[] = [];
    await readModel(watched(modelFile(fill), water.sample), {
      ...(sizeIsKnown && { byteLength }),
      async onTensor({ name, bytes }) {
        await water.sample();
        seen.push(`${name} ${bytes[0]} ${bytes[TENSOR - 1]} ${bytes.length}`);
      },
    });
    expect(seen).toEqual(Array.from({ length: COUNT }, (_, i) => `w${i} ${i * 16} ${i * 16 + 7} ${TENSOR}`));
    expect(water.bytes).toBeGreaterThan(TENSOR);
    expect(water.bytes).toBeLessThan(LIMIT);
  });

  it('in a file of its own', async () => {
    const initializer = Array.from({ length: COUNT }, (_, i): TensorInit => {
      const entries = { location: 'w', offset: `${i * TENSOR}`, length: `${TENSOR}` };
      const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
      return { name: `w${i}`, dims: [BigInt(TENSOR)], dataType: 2, dataLocation: 1, externalData };
    });
    const model = modelBytes({ initializer });
    const dataFile = new Array((COUNT * TENSOR) / CHUNK).fill(() => new Uint8Array(CHUNK));
    const water = highWater();
    let seen = 0;
    await readModel(watched([() => model], water.sample), {
      async onTensor() {
        await water.sample();
        seen++;
      },
      external: () => watched(dataFile, water.sample),
    });
    expect(seen).toBe(COUNT);
    expect(water.bytes).toBeGreaterThan(TENSOR);
    expect(water.bytes).toBeLessThan(LIMIT);
  });
});

it('the next chunk is not fetched while a tensor is being stored', async () => {
  let fetched = 0;
  async function* source() {
    for (const piece of modelFile(() => 1)) {
      fetched++;
      yield piece();
    }
  }
  const before: number[] = [];
  await readModel(source(), {
    async onTensor() {
      const atStart = fetched;
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      before.push(fetched - atStart);
    },
  });
  expect(before).toEqual(new Array(COUNT).fill(0));
});
