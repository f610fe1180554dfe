/** Tokens near a learned prompt: against the whole table, looked up and compared by hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { names } from '../../src/autodiff';
import { neighbourhood, rowLengths } from '../../src/inference';
import { createWasmBackend, LoadedDecoder, type WasmBackend } from '../../src/runtime';
import { type PromptValues, Random } from '../../src/tuning';
import { bundledModelBytes, loadFixture, once } from '../support/fixtures';
import { int64s, runProgram } from '../support/run';

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

/** [tokens, hidden] */
async function embeddingsOf(loaded: LoadedDecoder, ids: readonly number[]): Promise<Float32Array> {
  const program = await loaded.embedding(ids.length);
  const outputs = await runProgram(backend, program, { [names.ids]: int64s([1, ids.length], ids) });
  return outputs[names.embeddings] as Float32Array;
}

const promptOf = (values: Float32Array, hidden: number): PromptValues => ({
  method: 'prompt',
  length: values.length / hidden,
  hidden,
  values,
});

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

describe.each(['llama_q4_asym_tied', 'gemma3_q4', 'gpt2_q4'])('near a prompt, in the table of %s', (name) => {
  it('are the tokens of the largest cosines, in their order', async () => {
    const loaded = await loadFixture(backend, name);
    const [vocabulary, hidden] = [300, loaded.embeddingWidth];
    const table = await embeddingsOf(loaded, range(vocabulary));
    const lengths = rowLengths(table, hidden);
    const random = new Random(2);
    const prompt = promptOf(
      Float32Array.from({ length: 3 * hidden }, () => random.normal()),
      hidden,
    );
    const ownLengths = rowLengths(prompt.values, hidden);
    const { nearest, meanNorm } = await neighbourhood(loaded, prompt, vocabulary, 5);
    expect(nearest).toHaveLength(3);
    nearest.forEach((tokens, vector) => {
      const cosines = range(vocabulary).map((id) => {
        const products = range(hidden).map(
          (k) => (table[id * hidden + k] as number) * (prompt.values[vector * hidden + k] as number),
        );
        return products.reduce((sum, x) => sum + x, 0) / ((lengths[id] as number) * (ownLengths[vector] as number));
      });
      const expected = range(vocabulary).sort((a, b) => (cosines[b] as number) - (cosines[a] as number));
      expect(tokens.map(({ id }) => id)).toEqual(expected.slice(0, 5));
      for (const { id, cosine } of tokens) expect(cosine).toBeCloseTo(cosines[id] as number, 5);
    });
    expect(meanNorm).toBeCloseTo(lengths.reduce((sum, length) => sum + length, 0) / vocabulary, 4);
    await loaded.dispose();
  });
});

describe('near a prompt, in a table of several chunks', () => {
  it('are the tokens that it is made of, however long it has become', async () => {
    const loaded = await LoadedDecoder.load(backend, once(bundledModelBytes()));
    const ids = [7, 2047, 2048, 4095];
    const values = (await embeddingsOf(loaded, ids)).map((value) => 3 * value);
    const { nearest } = await neighbourhood(loaded, promptOf(values, loaded.embeddingWidth), 4096, 2);
    expect(nearest.map(([first]) => first?.id)).toEqual(ids);
    for (const [first, second] of nearest) {
      expect(first?.cosine).toBeCloseTo(1, 5);
      expect(second?.cosine).toBeLessThan(0.999);
    }
    await loaded.dispose();
  });
});

describe('a virtual token of nothing', () => {
  it('is near nothing', async () => {
    const loaded = await loadFixture(backend, 'llama_q4');
    const hidden = loaded.embeddingWidth;
    const { nearest } = await neighbourhood(loaded, promptOf(new Float32Array(hidden), hidden), 300, 1);
    expect(nearest[0]?.[0]?.cosine).toBe(0);
    await loaded.dispose();
    expect(backend.live()).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
  });
});
