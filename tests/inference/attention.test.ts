/** Where heads look behind a prefix, in shares: against PyTorch's attention, summed by hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attentionShares } from '../../src/inference';
import { createKernels, type Kernels } from '../../src/kernels';
import { bytesOfArray, createWasmBackend, type WasmBackend } from '../../src/runtime';
import { type GoldenPrefix, goldenAttention, withGoldenPrefix } from '../support/goldenPrefix';

let backend: WasmBackend;
let kernels: Kernels;
beforeAll(async () => {
  backend = await createWasmBackend();
  kernels = await createKernels(backend);
});
afterAll(async () => {
  kernels.dispose();
  await backend.dispose();
});

/** Tokens of the golden text that are the prompt. */
const PROMPT = 6;

async function sharesOf({ loaded, values, length, ids }: GoldenPrefix, promptTokens = PROMPT) {
  const parameters = backend.upload('float32', [values.length], bytesOfArray(values));
  try {
    const text = { promptIds: ids.slice(0, promptTokens), answerIds: ids.slice(promptTokens) };
    return await attentionShares(loaded, kernels, { parameters, length }, text);
  } finally {
    backend.free(parameters);
  }
}

describe.each(['llama_fp32', 'sinks_gqa_q4', 'gpt2_merged'])('attention of %s', (name) => {
  it('is that of PyTorch, at the end of the prompt and as a mean over the answer', async () => {
    await withGoldenPrefix(backend, name, async (golden) => {
      const { ids, heads, length } = golden;
      for (const [layer, { atPrompt, atAnswer }] of (await sharesOf(golden)).entries()) {
        const full = goldenAttention.get(`${name}.${layer}`) as Float32Array;
        const columns = full.length / (heads * ids.length);
        const row = (head: number, query: number) => {
          const start = (head * ids.length + query) * columns;
          return Array.from(full.subarray(start, start + columns));
        };
        const answer = ids.map((_, query) => query).slice(PROMPT);
        for (let head = 0; head < heads; head++) {
          const last = row(head, PROMPT - 1);
          const mean = last.map((_, i) => answer.reduce((sum, query) => sum + (row(head, query)[i] as number), 0) / 3);
          for (const [shares, expected] of [
            [atPrompt, last],
            [atAnswer, mean],
          ] as const) {
            const sum = (start: number, end?: number) => expected.slice(start, end).reduce((total, x) => total + x, 0);
            expected.slice(0, length).forEach((share, p) => {
              expect(shares?.virtual[head]?.[p]).toBeCloseTo(share, 5);
            });
            expect(shares?.prompt[head]).toBeCloseTo(sum(length, length + PROMPT), 5);
            expect(shares?.answer[head]).toBeCloseTo(sum(length + PROMPT, length + ids.length), 5);
            expect(shares?.sink[head]).toBeCloseTo(sum(length + ids.length), 5);
          }
        }
      }
    });
  });
});

describe('attention to a text without an answer', () => {
  it('is that of the prompt alone', async () => {
    await withGoldenPrefix(backend, 'llama_q4', async (golden) => {
      const layers = await sharesOf(golden, golden.ids.length);
      expect(layers).toHaveLength(2);
      for (const { atPrompt, atAnswer } of layers) {
        expect(atAnswer).toBeNull();
        expect(atPrompt.answer).toEqual([0, 0, 0, 0]);
      }
    });
  });

  it('leaves nothing on the device', async () => {
    await withGoldenPrefix(backend, 'llama_q4', async (golden) => {
      await sharesOf(golden);
      const before = backend.live().tensors;
      await sharesOf(golden);
      expect(backend.live().tensors).toBe(before);
    });
  });
});
