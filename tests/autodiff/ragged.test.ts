/**
 * A batch whose rows fill a static cache to different lengths gives what each row gives by itself: the mask, the positions
 * and whatever lies in unused slots make no difference.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ForwardShape, names } from '../../src/autodiff';
import { createWasmBackend, type LoadedDecoder, relativeError, type WasmBackend } from '../../src/runtime';
import { loadFixture } from '../support/fixtures';
import { randomGrid, randomSource } from '../support/random';
import { type Feed, floats, int32s, int64s, runProgram } from '../support/run';

const capacity = 8;
const tokens = 5;
/** Filled slots and new tokens of each row. */
const rows = [
  { filled: 4, count: 5 },
  { filled: 8, count: 2 },
  { filled: 0, count: 3 },
];

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

const base = { rows: null, head: 'logits', newKeyValues: true } as const;

/** One row's cache [kvHeads, filled, headDim] per layer and kind, and its ids. */
function randomRow(loaded: LoadedDecoder, seed: number, { filled, count }: { filled: number; count: number }) {
  const random = randomSource(seed);
  const cache = loaded.decoder.layers.flatMap(({ kvHeads, headDim }) =>
    [0, 1].map(() => randomGrid(random, kvHeads * filled * headDim, -1, 1)),
  );
  return { cache, ids: Array.from({ length: count }, () => Math.floor(random() * 300)), filled, count };
}
type Row = ReturnType<typeof randomRow>;

async function alone(loaded: LoadedDecoder, { cache, ids, filled, count }: Row) {
  const shape: ForwardShape = { ...base, batch: 1, tokens: count, cache: filled, layout: 'dense' };
  const feeds: Record<string, Feed> = { [names.ids]: int64s([1, count], ids) };
  loaded.decoder.layers.forEach(({ kvHeads, headDim }, layer) => {
    if (filled === 0) return;
    feeds[names.cache(layer, 'key')] = floats([1, kvHeads, filled, headDim], cache[2 * layer] as Float32Array);
    feeds[names.cache(layer, 'value')] = floats([1, kvHeads, filled, headDim], cache[2 * layer + 1] as Float32Array);
  });
  return runProgram(backend, await loaded.forward(shape), feeds);
}

/** All rows at once. Slots beyond a row's length hold large numbers: whoever reads one is noticed. */
async function together(loaded: LoadedDecoder, batchRows: readonly Row[]) {
  const batch = batchRows.length;
  const shape: ForwardShape = { ...base, batch, tokens, cache: capacity, layout: 'ragged' };
  const mask = batchRows.flatMap(({ filled, count }) => [
    ...Array.from({ length: capacity }, (_, i) => Number(i >= capacity - filled)),
    ...Array.from({ length: tokens }, (_, i) => Number(i < count)),
  ]);
  const positions = batchRows.flatMap(({ filled, count }) =>
    Array.from({ length: tokens }, (_, i) => filled + Math.min(i, count - 1)),
  );
  const ids = batchRows.flatMap((row) => Array.from({ length: tokens }, (_, i) => row.ids[i] ?? 299));
  const feeds: Record<string, Feed> = {
    [names.ids]: int64s([batch, tokens], ids),
    [names.mask]: int64s([batch, capacity + tokens], mask),
    [names.positions]: int64s([batch, tokens], positions),
  };
  loaded.decoder.layers.forEach(({ kvHeads, headDim }, layer) => {
    (['key', 'value'] as const).forEach((what, kind) => {
      const data = new Float32Array(batch * kvHeads * capacity * headDim).fill(50);
      batchRows.forEach(({ cache, filled }, row) => {
        const source = cache[2 * layer + kind] as Float32Array;
        for (let head = 0; head < kvHeads; head++) {
          const part = source.subarray(head * filled * headDim, (head + 1) * filled * headDim);
          data.set(part, ((row * kvHeads + head + 1) * capacity - filled) * headDim);
        }
      });
      feeds[names.cache(layer, what)] = floats([batch, kvHeads, capacity, headDim], data);
    });
  });
  return runProgram(backend, await loaded.forward(shape), feeds);
}

describe('a ragged batch', () => {
  it.each([
    'llama_q4',
    'qwen2_q4',
    'qwen3_sep_q4',
    'opt_llama_q4',
    'gpt2_q4',
    'dyn_llama_op18',
    'neox_ts14_q4',
    'neox_opt17_q4f16',
    'phi_dyn20_qdq8',
    'starcoder2_ts17_uint8',
    'smollm3_gqa_q4',
    'ministral_gqa_q8_asym',
    'mobilellm_gqa_q4',
    'ernie_sep_q4',
    'gemma2_gqa_q4',
    'bloom_ts14_q4_asym',
    'opt_dyn18_q8',
    'falcon_dyn18_bnb4',
    'cohere_dyn20_q8_asym',
    'sinks_gqa_q4',
    'smooth_gqa_qdq8',
    'mha_q4',
    'onnx23_flat_q4',
    'mpt_ts14_q4',
    'mistral_ts17_fp16',
    'gemma2_ts17_q4f16',
    'bias_gqa_q4',
    'onnx23_heads_qdq8',
  ])('is as good as row by row: %s', async (name) => {
    const loaded = await loadFixture(backend, name);
    const batchRows = rows.map((row, i) => randomRow(loaded, i + 1, row));
    const all = await together(loaded, batchRows);
    const vocabulary = (all.logits as Float32Array).length / (rows.length * tokens);
    for (const [i, row] of batchRows.entries()) {
      const one = await alone(loaded, row);
      const part = (all.logits as Float32Array).subarray(
        i * tokens * vocabulary,
        (i * tokens + row.count) * vocabulary,
      );
      expect(part).toHaveLength((one.logits as Float32Array).length);
      expect(relativeError(part, one.logits as Float32Array), `logits of row ${i}`).toBeLessThan(2e-6);
      loaded.decoder.layers.forEach(({ kvHeads, headDim }, layer) => {
        const fresh = all[names.fresh(layer, 'key')] as Float32Array;
        const head = fresh.subarray(i * kvHeads * tokens * headDim, (i * kvHeads * tokens + row.count) * headDim);
        const expected = (one[names.fresh(layer, 'key')] as Float32Array).subarray(0, row.count * headDim);
        expect(relativeError(head, expected), `new keys of row ${i}, layer ${layer}`).toBeLessThan(2e-6);
      });
    }
    await loaded.dispose();
  });

  it('of losses says per row what the label costs and whether it is the likeliest', async () => {
    const loaded = await loadFixture(backend, 'llama_q4');
    const row = randomRow(loaded, 5, { filled: 0, count: 5 });
    const { logits } = (await alone(loaded, row)) as { logits: Float32Array };
    const vocabulary = logits.length / 5;
    const rowOf = (t: number) => logits.subarray(t * vocabulary, (t + 1) * vocabulary);
    const best = rowOf(3).indexOf(Math.max(...rowOf(3)));
    const [wanted, labels] = [
      [3, 1, 3],
      [best, 17, (best + 1) % vocabulary],
    ];
    const shape = {
      batch: 1,
      tokens: 5,
      cache: 0,
      rows: 3,
      layout: 'dense',
      head: 'losses',
      newKeyValues: false,
    } as const;
    const outputs = await runProgram(backend, await loaded.forward(shape), {
      [names.ids]: int64s([1, 5], row.ids),
      [names.rows]: int64s([3], wanted),
      [names.labels]: int32s([3], labels),
    });
    const expected = wanted.map((t, i) => {
      const values = [...rowOf(t)];
      const total = values.reduce((sum, value) => sum + Math.exp(value), 0);
      return Math.log(total) - (values[labels[i] as number] as number);
    });
    (outputs[names.tokenLoss] as Float32Array).forEach((loss, i) => {
      expect(loss).toBeCloseTo(expected[i] as number, 4);
    });
    expect(Array.from(outputs[names.predicted] ?? [])).toEqual([1, 0, 0]);
    await loaded.dispose();
  });
});
