/** Whole decoders against PyTorch's float64 autograd: loss, logits and prefix gradient, with float and quantised weights. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkGradients, excess } from '../../src/cli/gradientCheck';
import { createWasmBackend, type WasmBackend } from '../../src/runtime';
import { goldenCases, readCase } from '../support/fixtures';

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

describe('golden gradients on wasm', () => {
  it.each(goldenCases)('%s', async (name) => {
    const files = readCase(name);
    for (const weights of ['float', 'quantized'] as const) {
      expect(excess(await checkGradients(backend, files, { weights })), weights).toBeNull();
    }
    expect(backend.live()).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
  });

  it('hold for prompts and LoRA as well, where the case has them', async () => {
    const { prompt, lora } = await checkGradients(backend, readCase('llama_q4'));
    for (const errors of [prompt, lora]) expect(errors?.gradient).toBeLessThan(1e-5);
    expect(await checkGradients(backend, readCase('gpt2_q4'))).toMatchObject({ prompt: null, lora: null });
  });

  it('covers every case of the fixtures folder', () => {
    expect(goldenCases).toHaveLength(52);
  });
});

describe('the check itself', () => {
  it('finds a loss, logits or a gradient of another model', async () => {
    const [right, wrong] = [readCase('llama_q4'), readCase('llama_q4f16')];
    const errors = await checkGradients(backend, { ...right, model: wrong.model });
    for (const method of [errors.prefix, errors.prompt, errors.lora]) {
      expect(method?.loss).toBeGreaterThan(5e-4);
      expect(method?.logits).toBeGreaterThan(1e-2);
      expect(method?.gradient).toBeGreaterThan(1e-2);
    }
    expect(excess(errors)).toContain('loss');
  });

  describe.each(['prefix', 'prompt', 'lora'] as const)('with a %s', (method) => {
    it.each([
      ['loss', { loss: 2e-4 }],
      ['logits', { logits: 2e-4 }],
      ['gradient', { gradient: 2e-4 }],
      ['gradient', { gradient: Number.NaN }],
      ['grad.1.key', { worst: { name: 'grad.1.key', error: 2e-3 } }],
    ])('refuses figures over the bound: %s', (name, over) => {
      const fine = { loss: 1e-7, logits: 1e-7, gradient: 1e-6, worst: { name: 'grad.0.key', error: 9e-4 } };
      const all = { prefix: fine, prompt: null, lora: null, projection: fine };
      expect(excess({ ...all, [method]: fine })).toBeNull();
      expect(excess({ ...all, [method]: { ...fine, ...over } })).toContain(name);
    });
  });

  it('says which tensor the golden file lacks', async () => {
    const files = readCase('llama_q4');
    const text = files.description.replace('"layers": 2', '"layers": 3');
    await expect(checkGradients(backend, { ...files, description: text })).rejects.toThrow('prefix.2.key');
  });
});
