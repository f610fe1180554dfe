/** Adapters that PEFT made for small decoders of several families (tools/peft/families.py), read, used and written again. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportAdapter, importAdapter, type ModelGeometry, readSafeTensors, toFloat32 } from '../../src/adapters';
import { linearModules, names } from '../../src/autodiff';
import { adapterOf } from '../../src/inference';
import { inGraph, prefixOf, slotsOf } from '../../src/inference/deviceAdapter';
import { KeyValueCache } from '../../src/inference/keyValueCache';
import { createKernels } from '../../src/kernels';
import { parseModelConfig } from '../../src/models';
import {
  bytesOfArray,
  createWasmBackend,
  LoadedDecoder,
  readFloats,
  relativeError,
  type WasmBackend,
} from '../../src/runtime';
import { type AdapterValues, graftOf, loraTargets } from '../../src/tuning';
import { once } from '../support/fixtures';
import { int64s } from '../support/run';

const folder = new URL('families/', import.meta.url);
const families = readdirSync(folder);
/** Names of adapters: a method, and how it was trained. */
const adaptersOf = (family: string) =>
  readdirSync(new URL(family, folder)).flatMap((name) => (name.startsWith('peft_') ? [name.slice(5)] : []));

const read = (path: string) => new Uint8Array(readFileSync(new URL(path, folder)));
const text = (path: string) => readFileSync(new URL(path, folder), 'utf8');

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

describe.each(families)('an adapter that PEFT made for %s', (family) => {
  let loaded: LoadedDecoder;
  let geometry: ModelGeometry;
  let golden: ReturnType<typeof readSafeTensors>['tensors'];
  beforeAll(async () => {
    const config = parseModelConfig(text(`${family}/config.json`));
    const { layers, kvHeads, headDim, heads, modelType, embeddingMultiplier: promptScale } = config;
    loaded = await LoadedDecoder.load(backend, once(read(`${family}/model.onnx`)), { hints: { kvHeads, headDim } });
    const targets = loraTargets(modelType, linearModules(loaded.decoder));
    geometry = { layers, kvHeads, headDim, heads, hidden: loaded.embeddingWidth, promptScale, targets };
    golden = readSafeTensors(read(`${family}/logits.safetensors`)).tensors;
  });
  afterAll(() => loaded.dispose());

  const peftFiles = (adapter: string) =>
    ['adapter_config.json', 'adapter_model.safetensors'].map((name) => ({
      name,
      bytes: read(`${family}/peft_${adapter}/${name}`),
    }));
  const tensor = (name: string) => golden.get(name) ?? expect.fail(name);
  const ids = () => [...new BigInt64Array(new Uint8Array(tensor('ids').bytes).buffer)].map(Number);

  /** [time, vocabulary] */
  async function logitsWith(values: AdapterValues): Promise<Float32Array> {
    const kernels = await createKernels(backend);
    const trainable = backend.upload('float32', [values.values.length], bytesOfArray(values.values));
    const graft = graftOf({ loaded, targets: geometry.targets }, values);
    const used = await adapterOf(loaded, graft, { trainable, frozen: null });
    const cache = new KeyValueCache(loaded, kernels, 1, slotsOf(used.adapter));
    cache.reset(prefixOf(used.adapter));
    const inside = inGraph(used.adapter);
    const shape = { batch: 1, tokens: ids().length, cache: cache.capacity, rows: null } as const;
    const program = await loaded.forward(
      { ...shape, layout: 'dense', head: 'logits', newKeyValues: false },
      inside.graft,
    );
    const logits = await program.call(
      { [names.ids]: int64s([1, ids().length], ids()) },
      (outputs) => readFloats(backend, outputs[names.logits]),
      { bound: { ...(cache.capacity > 0 && cache.feeds), ...inside.feeds } },
    );
    cache.dispose();
    used.dispose();
    backend.free(trainable);
    kernels.dispose();
    return logits;
  }

  it.each(adaptersOf(family))('gives PyTorch’s logits: %s', async (name) => {
    const { adapter } = importAdapter(peftFiles(name), geometry);
    expect(adapter.method).toBe(name.split('_')[0]);
    const expected = toFloat32(tensor(name));
    expect(relativeError(toFloat32(tensor('base')), expected)).toBeGreaterThan(0.01);
    expect(relativeError(await logitsWith(adapter), expected)).toBeLessThan(1e-5);
  });

  it.each(['prefix', 'prompt', 'lora'])('is exported as PEFT wrote it: %s', (name) => {
    const theirs = peftFiles(name);
    const { adapter, baseModel } = importAdapter(theirs, geometry);
    const ours = exportAdapter(adapter, { baseModel: baseModel ?? '', model: geometry, record: {} });
    const [config, back] = [theirs, ours].map((files) => JSON.parse(new TextDecoder().decode(files[0]?.bytes)));
    if (adapter.method === 'lora') {
      // PEFT's is a set, in any order. GPT-2 has two modules of the name c_proj, which only whole paths tell apart.
      const paths = adapter.modules.map(({ path }) => path);
      config.target_modules = (family === 'gpt2' ? paths : config.target_modules).sort();
    }
    expect(back).toEqual(config);
    const [before, after] = [theirs, ours].map((files) => readSafeTensors(files[1]?.bytes ?? new Uint8Array()).tensors);
    expect([...(after ?? [])].map(([key, { dims }]) => [key, dims])).toEqual(
      [...(before ?? [])].map(([key, { dims }]) => [key, dims]),
    );
    for (const [key, was] of before ?? []) {
      const is = after?.get(key) ?? expect.fail(key);
      // A prompt that was multiplied is rounded once more.
      if (geometry.promptScale === 1) expect(is.bytes).toEqual(was.bytes);
      else expect(relativeError(toFloat32(is), toFloat32(was))).toBeLessThan(1e-7);
    }
  });
});
