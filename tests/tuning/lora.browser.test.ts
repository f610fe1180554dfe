/** LoRA with dropout on WebGPU, held against wasm, whose gradient is held against finite differences. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linearModules } from '../../src/autodiff';
import { parseModelConfig } from '../../src/models';
import { createWasmBackend, relativeError, type WasmBackend } from '../../src/runtime';
import { loraGraft, loraTargets } from '../../src/tuning';
import { openBrowser, type Remote, type TestBrowser } from '../support/browser';
import { loadCase, readConfig } from '../support/fixtures';
import { someValues, trainingOf } from '../support/graftRun';

const settings = { rank: 3, alpha: 6, dropout: 0.25 };

let backend: WasmBackend;
let browser: TestBrowser;
let page: Remote<typeof import('./lora.page')>;
beforeAll(async () => {
  backend = await createWasmBackend();
  browser = await openBrowser();
  page = browser.module<typeof import('./lora.page')>('/tests/tuning/lora.page.ts');
});
afterAll(async () => {
  await browser?.close();
  await backend.dispose();
});

describe('LoRA on WebGPU', () => {
  it.each([
    ['qwen2_q4', false], // packed q/k/v
    ['qwen2_q4', true],
    ['gpt2_q4', false], // Conv1D
    ['opt_llama_q8', false], // MatMulInteger
  ])('has the gradient of wasm: %s, recomputed: %s', async (name, recompute) => {
    const { modelType } = parseModelConfig(readConfig(name));
    const loaded = await loadCase(backend, name);
    const graft = loraGraft(loaded.decoder, loraTargets(modelType, linearModules(loaded.decoder)), settings);
    const { program, at } = await trainingOf(loaded, graft);
    const expected = await at(someValues(graft.size));
    const found = await page.gradient(name, modelType, settings, recompute);
    expect(found.loss).toBeCloseTo(expected.loss, 4);
    expect(relativeError(Float32Array.from(found.gradient), expected.gradient)).toBeLessThan(1e-5);
    await program.release();
    await loaded.dispose();
  });
});
