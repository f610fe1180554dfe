/** What is told of a learned prefix on WebGPU, and written behind it, is what wasm says. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  attentionShares,
  type DeviceAdapter,
  generateBatch,
  neighbourhood,
  score,
  withoutLayer,
} from '../../src/inference';
import { createKernels } from '../../src/kernels';
import { bytesOfArray, createWasmBackend } from '../../src/runtime';
import type { AttentionShares } from '../../src/worker/learnedProtocol';
import { openBrowser, type Remote, type TestBrowser } from '../support/browser';
import { withGoldenPrefix } from '../support/goldenPrefix';
import { promptsOf, WRITING } from './learned.page';

const PROMPT = 6;

let browser: TestBrowser;
let page: Remote<typeof import('./learned.page')>;
beforeAll(async () => {
  browser = await openBrowser();
  page = browser.module<typeof import('./learned.page')>('/tests/inference/learned.page.ts');
});
afterAll(() => browser?.close());

const flat = (shares: AttentionShares | null): number[] =>
  shares ? [shares.virtual.flat(), shares.prompt, shares.answer, shares.sink].flat() : [];

it.each([
  'gemma3_q4', // fused attention, more layers than a shader binds buffers
  'opt_llama_q4', // a softmax of the file's own
])('what is told of a prefix on WebGPU is what is told of it on wasm: %s', async (name) => {
  const backend = await createWasmBackend();
  await withGoldenPrefix(backend, name, async ({ loaded, ids, length, values }) => {
    const [first] = loaded.decoder.layers;
    const layers = loaded.decoder.layers.length;
    const geometry = { layers, kvHeads: first?.kvHeads ?? 0, headDim: first?.headDim ?? 0 };
    const told = await page.tell(name, { geometry, length, prefix: [...values], ids, promptTokens: PROMPT });

    const kernels = await createKernels(backend);
    const parameters = backend.upload('float32', [values.length], bytesOfArray(values));
    const onDevice: DeviceAdapter = { kind: 'prefix', prefix: { parameters, length } };
    const text = { promptIds: ids.slice(0, PROMPT), answerIds: ids.slice(PROMPT) };
    const attention = await attentionShares(loaded, kernels, onDevice.prefix, text);
    expect(told.attention).toHaveLength(layers);
    attention.forEach(({ atPrompt, atAnswer }, layer) => {
      const [own, other] = [
        [atPrompt, atAnswer],
        [told.attention[layer]?.atPrompt ?? null, told.attention[layer]?.atAnswer ?? null],
      ].map((both) => both.flatMap(flat)) as [number[], number[]];
      expect(other).toHaveLength(own.length);
      for (const [i, share] of own.entries()) expect(other[i]).toBeCloseTo(share, 4);
    });
    for (let layer = 0; layer < layers; layer++) {
      const prefix = { method: 'prefix', geometry, length, values } as const;
      const { adapter, dispose } = withoutLayer(loaded, prefix, onDevice, layer);
      const [one] = await score(loaded, kernels, adapter, [{ tokenIds: ids, targetStart: PROMPT }], 1);
      expect(told.without[layer]).toBeCloseTo(one?.negativeLogLikelihood ?? Number.NaN, 3);
      dispose();
    }
    const hidden = loaded.embeddingWidth;
    const embedding = { method: 'prompt', length: 1, hidden, values: values.slice(0, hidden) } as const;
    const { nearest } = await neighbourhood(loaded, embedding, 300, 3);
    expect(told.near).toEqual(nearest.flat().map(({ id }) => id));
    const written = await generateBatch(loaded, kernels, onDevice, promptsOf(ids), WRITING);
    expect(told.written).toEqual(written.map(({ tokenIds }) => tokenIds));
    expect(told.live).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
    backend.free(parameters);
    kernels.dispose();
  });
  await backend.dispose();
});
