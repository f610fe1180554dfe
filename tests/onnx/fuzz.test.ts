/** 2,000 damaged copies of a real file, and 2,000 of one with external data: each is refused in good order, or is sound. */

import { isDeepStrictEqual } from 'node:util';
import { ModelProtoSchema } from 'onnx-buf';
import { expect, it } from 'vitest';
import { ModelError } from '../../src/errors';
import { type Model, readModel, writeModel } from '../../src/onnx';
import { moveWeightsOut } from '../support/externalData';
import { mutated, spansOf } from '../support/mutations';
import { chunked, fixtureBytes, seeded } from '../support/onnxFiles';

const ROUNDS = 2000;
/** A thousand times what a sound file of this size takes: only a hang is longer. */
const TIME_LIMIT_MS = 5000;
const MEMORY_LIMIT = 256 * 2 ** 20;

interface Reading {
  model: Model;
  weights: Map<string, Uint8Array>;
}

async function readAll(
  bytes: Uint8Array,
  chunkSize: number,
  byteLength?: number,
  files?: ReadonlyMap<string, Uint8Array>,
) {
  const weights = new Map<string, Uint8Array>();
  const model = await readModel(chunked(bytes, chunkSize), {
    ...(byteLength !== undefined && { byteLength }),
    onTensor: ({ name, bytes: lent }) => {
      weights.set(name, lent.slice());
    },
    external: (location) => chunked(files?.get(location) ?? new Uint8Array(0), chunkSize),
  });
  return { model, weights };
}

/** Whether what was read is a graph that can be written and is then read as the same. */
async function isSound({ model, weights }: Reading): Promise<boolean> {
  const again = await readAll(
    writeModel(model, (name) => weights.get(name)),
    65536,
  );
  return isDeepStrictEqual(again.model, model);
}

async function fuzz(bytes: Uint8Array, files: ReadonlyMap<string, Uint8Array>, seed: number) {
  const random = seeded(seed);
  const spans = spansOf(bytes, ModelProtoSchema);
  const count = { refused: 0, read: 0 };
  const messages = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const damaged = mutated(bytes, spans, random);
    const chunkSize = Math.ceil(random() ** 3 * 100_000);
    const start = performance.now();
    const before = process.memoryUsage().arrayBuffers;
    const result = await readAll(damaged, chunkSize, random() < 0.5 ? damaged.length : undefined, files).catch(
      (error: unknown) => error as Error,
    );
    const reproduce = `round ${round} of seed ${seed}`;
    expect(process.memoryUsage().arrayBuffers - before, reproduce).toBeLessThan(MEMORY_LIMIT);
    expect(performance.now() - start, reproduce).toBeLessThan(TIME_LIMIT_MS);
    if ('model' in result) {
      count.read++;
      expect(await isSound(result), reproduce).toBe(true);
    } else {
      count.refused++;
      // Anything else would be a bug of the reader that the damage has brought to light.
      expect(result, `${reproduce}: ${result.stack}`).toBeInstanceOf(ModelError);
      const { where, message } = result as ModelError;
      expect(where.offset, `${reproduce}: ${message}`).toBeTypeOf('number');
      messages.add(message.replace(/"[^"]*"|[\d-]+/g, '…'));
    }
  }
  return { ...count, messages };
}

it('a file with its weights inside', async () => {
  const { refused, read, messages } = await fuzz(fixtureBytes('llama_q4'), new Map(), 1);
  expect(refused + read).toBe(ROUNDS);
  // Both happen often, and the refusals are of many kinds: the damage goes deep.
  expect(refused).toBeGreaterThan(ROUNDS / 4);
  expect(read).toBeGreaterThan(ROUNDS / 20);
  expect(messages.size).toBeGreaterThan(15);
}, 120_000);

it('a file with external data', async () => {
  const { model, files } = moveWeightsOut(fixtureBytes('llama_q4'));
  const { refused, read, messages } = await fuzz(model, files, 2);
  expect(refused + read).toBe(ROUNDS);
  expect(refused).toBeGreaterThan(ROUNDS / 4);
  expect(read).toBeGreaterThan(ROUNDS / 20);
  expect(messages.size).toBeGreaterThan(15);
}, 120_000);

it('external files that are cut off or longer than they need to be', async () => {
  const { model, files } = moveWeightsOut(fixtureBytes('llama_q4'));
  const random = seeded(3);
  for (let round = 0; round < 200; round++) {
    const cut = new Map(
      [...files].map(([location, file]) => [location, file.subarray(0, Math.floor(random() * file.length))]),
    );
    await expect(readAll(model, 10_000, undefined, cut)).rejects.toBeInstanceOf(ModelError);
  }
  const longer = new Map([...files].map(([location, file]) => [location, new Uint8Array([...file, 1, 2, 3])]));
  await expect(readAll(model, 10_000, undefined, longer)).resolves.toBeDefined();
}, 60_000);
