/** A loaded decoder: its programs, and the promise that training leaves its weights alone. */
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { names, prefixSize } from '../../src/autodiff';
import { ModelError } from '../../src/errors';
import { createWasmBackend, LoadedDecoder, type WasmBackend } from '../../src/runtime';
import { bundledModelBytes, loadFixture, modelBytes, once } from '../support/fixtures';
import { prefixTraining } from '../support/prefixes';
import { randomGrid, randomSource } from '../support/random';
import { floats, int32s, int64s, runProgram } from '../support/run';

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterEach(() => {
  expect(backend.live()).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
});
afterAll(() => backend.dispose());

async function hashes(loaded: LoadedDecoder): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for await (const { name, dims, bytes } of loaded.store.contents()) {
    all[name] = createHash('sha256').update(dims.join()).update(bytes).digest('hex');
  }
  return all;
}

const shape = { batch: 2, tokens: 6, prefix: 4, rows: 5 };
const feedsFor = (loaded: LoadedDecoder, step: number) => {
  const random = randomSource(step);
  const size = prefixSize(loaded.decoder, shape.prefix);
  const ids = Array.from({ length: shape.batch * shape.tokens }, () => Math.floor(random() * 300));
  return {
    [names.trainable]: floats([size], randomGrid(random, size, -1, 1)),
    [names.ids]: int64s([shape.batch, shape.tokens], ids),
    [names.rows]: int64s([shape.rows], [1, 2, 4, 8, 10]),
    [names.labels]: int32s([shape.rows], ids.slice(0, shape.rows)),
    [names.weights]: floats([shape.rows], new Float32Array(shape.rows).fill(1 / shape.rows)),
  };
};

describe('training', () => {
  it.each(['float', 'quantized'] as const)('leaves every weight bit-identical: %s', async (weights) => {
    const loaded = await loadFixture(backend, 'llama_q4', { weights });
    const before = await hashes(loaded);
    expect(Object.keys(before).length).toBeGreaterThan(20);
    const gradients = new Set<string>();
    for (let step = 0; step < 5; step++) {
      const { gradient } = await runProgram(backend, await prefixTraining(loaded, shape), feedsFor(loaded, step));
      gradients.add(
        createHash('sha256')
          .update(gradient as Float32Array)
          .digest('hex'),
      );
    }
    expect(gradients.size).toBe(5);
    expect(await hashes(loaded)).toEqual(before);
    await loaded.dispose();
  });

  it('gives the same gradient for the same input, bit by bit', async () => {
    const loaded = await loadFixture(backend, 'qwen2_q4');
    const program = await prefixTraining(loaded, shape);
    const first = await runProgram(backend, program, feedsFor(loaded, 1));
    await runProgram(backend, program, feedsFor(loaded, 2));
    expect(await runProgram(backend, program, feedsFor(loaded, 1))).toEqual(first);
    await loaded.dispose();
  });
});

describe('programs', () => {
  it('are opened once per shape and share every derived weight', async () => {
    const loaded = await loadFixture(backend, 'llama_q4');
    const [first, again] = await Promise.all([prefixTraining(loaded, shape), prefixTraining(loaded, shape)]);
    expect(again).toBe(first);
    const { tensors } = backend.live();
    await prefixTraining(loaded, { ...shape, tokens: 9 });
    expect(backend.live()).toMatchObject({ tensors, sessions: 2 });
    await loaded.dispose();
  });

  it('are released when there are many, the least recently used first', async () => {
    const loaded = await loadFixture(backend, 'llama_q4', { weights: 'quantized' });
    const at = (tokens: number) => prefixTraining(loaded, { ...shape, batch: 1, tokens: tokens + 5 });
    const oldest = await at(0);
    for (let tokens = 1; tokens < 24; tokens++) await at(tokens);
    expect(await at(0)).toBe(oldest);
    await at(24);
    await vi.waitFor(() => expect(backend.live().sessions).toBe(24));
    expect(await at(0)).toBe(oldest);
    await loaded.dispose();
  });
});

describe('loading', () => {
  it('counts the numbers of the bundled model', async () => {
    const loaded = await LoadedDecoder.load(backend, once(bundledModelBytes()));
    expect(loaded.parameters).toBeGreaterThan(6.5e6);
    expect(loaded.parameters).toBeLessThan(7.5e6);
    await loaded.dispose();
  });

  it('of a damaged file leaves nothing behind', async () => {
    const half = modelBytes('llama_q4').slice(0, 50_000);
    await expect(LoadedDecoder.load(backend, once(half))).rejects.toThrow(ModelError);
  });
});
