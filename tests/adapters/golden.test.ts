/** Adapters that PEFT saved, in use: the logits are those that PyTorch has with them. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importAdapter, type ModelGeometry, readSafeTensors, toFloat32 } from '../../src/adapters';
import { linearModules, names } from '../../src/autodiff';
import { parseCase } from '../../src/cli/gradientCase';
import { adapterOf } from '../../src/inference';
import { inGraph, prefixOf, slotsOf } from '../../src/inference/deviceAdapter';
import { KeyValueCache } from '../../src/inference/keyValueCache';
import { createKernels } from '../../src/kernels';
import { bytesOfArray, createWasmBackend, readFloats, relativeError, type WasmBackend } from '../../src/runtime';
import { graftOf, loraTargets } from '../../src/tuning';
import { loadFixture, readCase } from '../support/fixtures';
import { int64s } from '../support/run';

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

const file = (path: string) => new Uint8Array(readFileSync(new URL(`../fixtures/${path}`, import.meta.url)));

describe('an adapter saved by PEFT', () => {
  it.each([
    ['llama_q4', 'llama', 'prefix', 'logits'],
    ['llama_q4', 'llama', 'prompt', 'prompt_logits'],
    ['llama_q4', 'llama', 'lora', 'lora_logits'],
    ['gpt2_fp32', 'gpt2', 'prefix', 'logits'],
    ['gpt2_fp32', 'gpt2', 'prompt', 'prompt_logits'],
  ] as const)('gives PyTorch’s logits: %s (%s), %s', async (fixture, modelType, method, golden) => {
    const loaded = await loadFixture(backend, fixture);
    const kernels = await createKernels(backend);
    const { layers, kvHeads, headDim, batch, tokens, ids, lengths } = parseCase(readCase(fixture));
    const targets = loraTargets(modelType, linearModules(loaded.decoder));
    const hidden = loaded.embeddingWidth;
    const geometry: ModelGeometry = { layers, kvHeads, headDim, hidden, heads: 4, promptScale: 1, targets };
    const folder = ['adapter_config.json', 'adapter_model.safetensors'];
    const files = folder.map((name) => ({ name, bytes: file(`${fixture}/peft_${method}/${name}`) }));
    const { adapter } = importAdapter(files, geometry);
    expect(adapter.method).toBe(method);

    const trainable = backend.upload('float32', [adapter.values.length], bytesOfArray(adapter.values));
    const used = await adapterOf(loaded, graftOf({ loaded, targets }, adapter), { trainable, frozen: null });
    const cache = new KeyValueCache(loaded, kernels, batch, slotsOf(used.adapter));
    cache.reset(prefixOf(used.adapter));
    const { graft, feeds } = inGraph(used.adapter);
    const shape = { batch, tokens, cache: cache.capacity, rows: null } as const;
    const program = await loaded.forward({ ...shape, layout: 'dense', head: 'logits', newKeyValues: false }, graft);
    const bound = { ...(cache.capacity > 0 && cache.feeds), ...feeds };
    const logits = await program.call(
      { [names.ids]: int64s([batch, tokens], ids) },
      (outputs) => readFloats(backend, outputs[names.logits]),
      { bound },
    );

    const tensor = readSafeTensors(file(`${fixture}/golden.safetensors`)).tensors.get(golden) ?? expect.fail(golden);
    const expected = toFloat32(tensor);
    const vocabulary = expected.length / (batch * tokens);
    // What stands at padding means nothing.
    const valid = (all: Float32Array) =>
      Float32Array.from(
        lengths.flatMap((length, row) => {
          const start = row * tokens * vocabulary;
          return [...all.subarray(start, start + length * vocabulary)];
        }),
      );
    expect(relativeError(valid(logits), valid(expected))).toBeLessThan(1e-5);
    cache.dispose();
    used.dispose();
    kernels.dispose();
    await loaded.dispose();
  });
});
