import { readFileSync } from 'node:fs';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { ModelGeometry } from '../../src/adapters';
import {
  describeFiles,
  exportAdapter,
  exportSafeTensors,
  exportSingleFile,
  importAdapter,
  readSafeTensors,
  toFloat32,
  zipFiles,
} from '../../src/adapters';
import { writeSafeTensors } from '../../src/adapters/safetensors';
import { linearModules } from '../../src/autodiff';
import { AdapterError } from '../../src/errors';
import { type AdapterValues, type LoraModule, type LoraValues, loraTargets } from '../../src/tuning';
import { modelBytes, readDecoder } from '../support/fixtures';

const fixture = (path: string) =>
  new Uint8Array(readFileSync(new URL(`../fixtures/llama_q4/${path}`, import.meta.url)));
const folder = (name: string) =>
  ['adapter_config.json', 'adapter_model.safetensors'].map((file) => ({
    name: file,
    bytes: fixture(`${name}/${file}`),
  }));
const geometry: ModelGeometry = {
  layers: 2,
  kvHeads: 2,
  headDim: 16,
  hidden: 64,
  heads: 4,
  promptScale: 1,
  targets: loraTargets('llama', linearModules(await readDecoder(modelBytes('llama_q4')))),
};
/** An adapter of the golden folder, with what else its files say. */
function golden<M extends AdapterValues['method']>(method: M) {
  const { adapter, ...rest } = importAdapter(folder(`peft_${method}`), geometry);
  if (adapter.method !== method) throw new Error(`${adapter.method} came out`);
  return { ...rest, adapter: adapter as Extract<AdapterValues, { method: M }> };
}
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const byName = (files: readonly { name: string; bytes: Uint8Array }[], name: string) =>
  files.find((file) => file.name === name)?.bytes ?? expect.fail(`${name} is not among the files`);

const record = {
  name: 'Reviews',
  template: 'Text: {text}\nLabel: {label}',
  task: 'classification',
  initText: 'Read each review.',
  steps: 150,
  learningRate: 0.02,
  seed: 7,
  baseLoss: 3.25,
  loss: 0.5,
  baseAccuracy: 0.5,
  accuracy: 0.9,
} as const;

/** The fixture's config with some fields changed, and its weights. */
function changed(fields: Record<string, unknown>, from = 'peft_prefix') {
  const config = { ...JSON.parse(text(fixture(`${from}/adapter_config.json`))), ...fields };
  return [
    { name: 'adapter_config.json', bytes: strToU8(JSON.stringify(config)) },
    { name: 'adapter_model.safetensors', bytes: fixture(`${from}/adapter_model.safetensors`) },
  ];
}

const goldenTensor = (name: string) => {
  const tensor = readSafeTensors(fixture('golden.safetensors')).tensors.get(name) ?? expect.fail(name);
  return { dims: tensor.dims, values: toFloat32(tensor) };
};

describe('an adapter saved by PEFT', () => {
  it('is, as a prefix, the keys and values of the golden file in our layout', () => {
    const { adapter, baseModel, record: own } = golden('prefix');
    const { layers, kvHeads, headDim } = geometry;
    const perTensor = kvHeads * adapter.length * headDim;
    expect({ length: adapter.length, baseModel, own }).toEqual({
      length: 5,
      baseModel: 'tiny-random/llama',
      own: null,
    });
    expect(adapter.values.length).toBe(layers * 2 * perTensor);
    for (let layer = 0; layer < layers; layer++) {
      ['key', 'value'].forEach((part, i) => {
        const { dims, values } = goldenTensor(`prefix.${layer}.${part}`);
        expect(dims).toEqual([1, kvHeads, 5, headDim]);
        const start = (layer * 2 + i) * perTensor;
        expect(adapter.values.subarray(start, start + perTensor)).toEqual(values);
      });
    }
  });

  it('is, as a prompt, the golden embeddings', () => {
    const { adapter } = golden('prompt');
    expect(adapter).toEqual({ method: 'prompt', length: 5, hidden: 64, values: goldenTensor('prompt').values });
  });

  it('is, as LoRA, the golden A and B of each module', () => {
    const { adapter } = golden('lora');
    const modules = [0, 1].flatMap((layer) => ['q', 'v'].map((role) => `${layer}.${role}`));
    expect(adapter).toMatchObject({ rank: 4, alpha: 8 });
    expect(adapter.modules.map(({ path }) => path)).toEqual(
      modules.map((name) => `model.layers.${name.replace('.', '.self_attn.')}_proj`),
    );
    const tensors = modules.flatMap((name) => ['A', 'B'].map((part) => goldenTensor(`lora.${name}.${part}`).values));
    expect(adapter.values).toEqual(Float32Array.from(tensors.flatMap((values) => [...values])));
  });

  it.each(['prefix', 'prompt', 'lora'] as const)('is exported again with the same bytes and config: %s', (method) => {
    const { adapter, baseModel } = golden(method);
    const files = exportAdapter(adapter, { baseModel: baseModel ?? '', model: geometry, record: {} });
    const weights = fixture(`peft_${method}/adapter_model.safetensors`);
    expect(Buffer.compare(byName(files, 'adapter_model.safetensors'), weights)).toBe(0);
    expect(Buffer.compare(exportSafeTensors(adapter, geometry), weights)).toBe(0);
    const config = text(byName(files, 'adapter_config.json'));
    const theirs = JSON.parse(text(fixture(`peft_${method}/adapter_config.json`)));
    expect(JSON.parse(config)).toEqual(theirs);
    expect(config).toBe(JSON.stringify(theirs, null, 2));
  });

  it.each([
    [{ prefix_projection: true, encoder_hidden_size: 64 }, 'prefix'],
    [{ peft_type: 'CARTRIDGE', num_frozen_tokens: 1 }, 'prefix'],
    [{ peft_type: 'P_TUNING', encoder_reparameterization_type: 'MLP' }, 'prompt'],
  ] as const)('may have been trained another way: %j', (fields, method) => {
    const { adapter } = importAdapter(changed(fields, `peft_${method}`), geometry);
    expect(adapter).toEqual(golden(method).adapter);
  });
});

describe('a prompt of a model that rescales embeddings', () => {
  it('is what its layers read, and PEFT’s again when it leaves', () => {
    const scaling = { ...geometry, promptScale: 12 };
    const { adapter } = importAdapter(folder('peft_prompt'), scaling);
    expect(adapter.values[3]).toBe(Math.fround(12 * (golden('prompt').adapter.values[3] as number)));
    const back = importAdapter(
      [{ name: 'a.safetensors', bytes: exportSafeTensors(adapter, scaling) }],
      geometry,
    ).adapter;
    back.values.forEach((value, i) => {
      expect(value).toBeCloseTo(golden('prompt').adapter.values[i] as number, 6);
    });
  });
});

describe('what LoRA can say in PEFT', () => {
  const { adapter } = golden('lora');
  const product = (lora: LoraValues, module: number, row: number, column: number) => {
    let offset = 0;
    for (const { inFeatures, outFeatures } of lora.modules.slice(0, module))
      offset += lora.rank * (inFeatures + outFeatures);
    const { inFeatures } = lora.modules[module] as LoraModule;
    let sum = 0;
    for (let k = 0; k < lora.rank; k++) {
      const a = lora.values[offset + k * inFeatures + column] as number;
      const b = lora.values[offset + lora.rank * inFeatures + row * lora.rank + k] as number;
      sum += (lora.alpha / lora.rank) * b * a;
    }
    return sum;
  };
  const read = (fields: Record<string, unknown>) => {
    const imported = importAdapter(changed(fields, 'peft_lora'), geometry).adapter;
    return imported.method === 'lora' ? imported : expect.fail(imported.method);
  };

  it('an alpha of its own for some modules keeps each product', () => {
    const lora = read({ alpha_pattern: { v_proj: 2 } });
    expect(product(lora, 0, 3, 5)).toBeCloseTo(product(adapter, 0, 3, 5), 6);
    expect(product(lora, 1, 3, 5)).toBeCloseTo(product(adapter, 1, 3, 5) / 4, 6);
  });

  it.each([
    ['self_attn.v_proj', [1, 3]],
    ['model.layers.1.self_attn.v_proj', [3]],
    ['^model\\.layers\\.\\d+\\.self_attn\\.v_proj$', [1, 3]],
    ['layers.[0-9]+.*(q|v)_proj', [0, 1, 2, 3]],
    ['^v_proj', []],
    ['v_pro', []],
  ])('an alpha for modules by a pattern: %s', (pattern, changed) => {
    const lora = read({ alpha_pattern: { [pattern]: 2 } });
    const quarter = [0, 1, 2, 3].filter((module) => product(lora, module, 3, 5) !== product(adapter, module, 3, 5));
    expect(quarter).toEqual(changed);
  });

  it.each(['(([a-z_.0-9])+)+x$', '(?!q_proj).*', '(v_proj', 'v_proj|', '[z-a]', '('.repeat(10_000)])(
    'a pattern that is not plain is refused by name: %#',
    (pattern) => {
      expect(() => read({ alpha_pattern: { [pattern]: 2 } })).toThrow(AdapterError);
      expect(() => read({ alpha_pattern: { [pattern]: 2 } })).toThrow(`by the pattern ${pattern}, which`);
    },
  );

  it('a pattern of which every part fits in many ways takes no longer for it', () => {
    expect(read({ alpha_pattern: { [`${'(.|.*)'.repeat(60)}x`]: 2 } })).toEqual(adapter);
  });

  it('a rank that no adapter has, or that makes all the others too large, is refused', () => {
    const [target] = geometry.targets;
    if (!target) return expect.fail('there are no targets');
    const pairs = (ranks: readonly number[], features: readonly number[]) => {
      const modules = ranks.map((rank, i) => ({ rank, path: `m.${i}`, size: features[i] as number }));
      const tensors = modules.flatMap(({ rank, path, size }) => [
        { name: `base_model.model.${path}.lora_A.weight`, dims: [rank, size], values: new Float32Array(rank * size) },
        { name: `base_model.model.${path}.lora_B.weight`, dims: [size, rank], values: new Float32Array(rank * size) },
      ]);
      const targets = modules.map(({ path, size }) => ({
        ...target,
        module: { path, inFeatures: size, outFeatures: size },
      }));
      const config = changed({}, 'peft_lora').slice(0, 1);
      const files = [...config, { name: 'adapter_model.safetensors', bytes: writeSafeTensors(tensors) }];
      return () => importAdapter(files, { ...geometry, targets });
    };
    expect(pairs([4097], [1])).toThrow(/has the rank 4097 for m\.0, above 4096/);
    expect(pairs([4096, 1], [1, 2 ** 16])).toThrow(/numbers at its highest rank, 4096/);
    expect(pairs([4096, 1], [1, 2])).not.toThrow();
  });

  it('modules go by their last names only where those mean no other module of the family', async () => {
    const linears = linearModules(await readDecoder(modelBytes('gpt2_q4')));
    const withoutMlp = loraTargets(
      'gpt2',
      linears.filter(({ roles }) => !roles.includes('down')),
    );
    const attention = withoutMlp.filter(({ module }) => module.path.endsWith('attn.c_proj'));
    const modules = attention.map(({ module }) => module);
    const size = modules.reduce((sum, { inFeatures, outFeatures }) => sum + inFeatures + outFeatures, 0);
    const gpt2 = { method: 'lora', rank: 1, alpha: 1, modules, values: new Float32Array(size) } as const;
    const files = exportAdapter(gpt2, { baseModel: 'gpt2', model: { ...geometry, targets: withoutMlp }, record: {} });
    expect(JSON.parse(text(byName(files, 'adapter_config.json'))).target_modules).toEqual(
      modules.map(({ path }) => path).sort(),
    );
  });

  it('rank-stabilised scaling is alpha over the root of the rank', () => {
    expect(product(read({ use_rslora: true }), 2, 1, 1)).toBeCloseTo(2 * product(adapter, 2, 1, 1), 6);
  });

  it.each(['gaussian', 'eva', 'orthogonal', false])('an initialisation that leaves the model alone: %s', (init) => {
    expect(read({ init_lora_weights: init })).toEqual(adapter);
  });

  it('how strong it is stands in a file without a config too, beside the same tensors', () => {
    const files = exportAdapter(adapter, { baseModel: 'tiny-random/llama', model: geometry, record });
    const bytes = exportSingleFile(files);
    expect(importAdapter([{ name: 'lora.safetensors', bytes }], geometry).adapter).toEqual(adapter);
    const theirs = readSafeTensors(fixture('peft_lora/adapter_model.safetensors'));
    expect(readSafeTensors(bytes)).toEqual({ ...theirs, metadata: { format: 'pt', lora_alpha: '8' } });
  });

  it('a rank of its own for some modules is filled up with zeros', () => {
    const { tensors } = readSafeTensors(fixture('peft_lora/adapter_model.safetensors'));
    const halves = [...tensors.values()].map((tensor) => {
      const values = toFloat32(tensor);
      if (!tensor.name.includes('.v_proj.')) return { name: tensor.name, dims: tensor.dims, values };
      const [rows = 0, columns = 0] = tensor.dims;
      if (tensor.name.includes('lora_A'))
        return { name: tensor.name, dims: [2, columns], values: values.slice(0, 2 * columns) };
      const kept = Float32Array.from({ length: rows * 2 }, (_, i) => values[(i >> 1) * columns + (i & 1)] as number);
      return { name: tensor.name, dims: [rows, 2], values: kept };
    });
    const files = [
      ...changed({ rank_pattern: { v_proj: 2 }, alpha_pattern: { v_proj: 4 } }, 'peft_lora').slice(0, 1),
      { name: 'adapter_model.safetensors', bytes: writeSafeTensors(halves) },
    ];
    const lora = importAdapter(files, geometry).adapter;
    if (lora.method !== 'lora') return expect.fail(lora.method);
    expect(lora.rank).toBe(4);
    const [a, b] = [goldenTensor('lora.0.v.A').values, goldenTensor('lora.0.v.B').values];
    const byHand = [0, 1].reduce((sum, k) => sum + 2 * (b[3 * 4 + k] as number) * (a[k * 64 + 5] as number), 0);
    expect(product(lora, 1, 3, 5)).toBeCloseTo(byHand, 6);
  });
});

describe('an exported prefix', () => {
  const { adapter } = golden('prefix');
  const files = exportAdapter(adapter, { baseModel: 'tiny-random/llama', model: geometry, record });
  const zip = zipFiles('reviews', files);

  it('comes back from the zip with every number and what it was tuned with', () => {
    const back = importAdapter([{ name: 'reviews.zip', bytes: zip }], geometry);
    expect(back.adapter).toEqual(adapter);
    expect(back.record).toEqual(record);
    expect(back.baseModel).toBe('tiny-random/llama');
  });

  it('comes back from the bare safetensors and from files in any folder', () => {
    const weights = { name: 'my prefix.safetensors', bytes: exportSingleFile(files) };
    expect(weights.bytes).toEqual(exportSafeTensors(adapter, geometry));
    expect(importAdapter([weights], geometry)).toEqual({ adapter, baseModel: null, record: null });
    const moved = files.map(({ name, bytes }) => ({ name: `a/b/${name}`, bytes })).reverse();
    expect(importAdapter(moved, geometry).record).toEqual(record);
  });

  it('gives the same zip each time, with four files in one folder', () => {
    expect(Buffer.compare(zipFiles('reviews', files), zip)).toBe(0);
    expect(Object.keys(unzipSync(zip))).toEqual([
      'reviews/adapter_config.json',
      'reviews/adapter_model.safetensors',
      'reviews/README.md',
      'reviews/prelude.json',
    ]);
    // DOS time of 1980-01-01 in the first local file header.
    expect(new DataView(zip.buffer).getUint32(10, true)).toBe(0x00210000);
  });

  it('says how its prompts were made, also in the chat template and with words for labels', () => {
    const chat = { ...record, kind: 'chat', system: 'rules', words: { good: 'yes', bad: 'no' } } as const;
    const chatting = exportAdapter(adapter, { baseModel: 'tiny-random/llama', model: geometry, record: chat });
    expect(importAdapter(chatting, geometry).record).toEqual(chat);
    const card = text(byName(chatting, 'README.md'));
    expect(card).toContain("in the base model's chat template, with {rules} as the system message");
    expect(card).toContain('Labels are written as words: `yes` for `good`, `no` for `bad`.');
    const plain = exportAdapter(adapter, { baseModel: 'tiny-random/llama', model: geometry, record });
    expect(text(byName(plain, 'README.md'))).not.toMatch(/chat template|written as words/);
  });

  it('has a card that says how to load it and what it reached', () => {
    const card = text(byName(files, 'README.md'));
    expect(card).toContain('PeftModel.from_pretrained(');
    expect(card).toContain('Validation accuracy: 90.0 %, without the adapter 50.0 %');
    expect(card).toContain('    Text: {text}\n    Label: {label}');
  });

  it('is described with its sizes and tensors', () => {
    const summary = describeFiles(files);
    expect(summary.files.map(({ bytes }) => bytes)).toEqual(files.map(({ bytes }) => bytes.length));
    expect(summary.tensors).toEqual([{ name: 'prompt_embeddings', dataType: 'F32', dims: [5, 128] }]);
  });
});

describe('an adapter that cannot be used', () => {
  const weightsOnly = (bytes: Uint8Array) => [{ name: 'adapter_model.safetensors', bytes }];
  it.each([
    ['IA3', changed({ peft_type: 'IA3' }), /adapter of the type IA3/],
    ['DoRA', changed({ use_dora: true }, 'peft_lora'), /uses DoRA/],
    ['LoRA of some tokens', changed({ alora_invocation_tokens: [5, 6] }, 'peft_lora'), /only behind the words/],
    ['LoRA of a deeper model', changed({ layer_replication: [[0, 2]] }, 'peft_lora'), /repeats layers/],
    ['LoRA with a diagonal', changed({ kasa_config: { beta: 1 } }, 'peft_lora'), /uses KaSA/],
    ['PiSSA', changed({ init_lora_weights: 'pissa_niter_4' }, 'peft_lora'), /initialisation \(pissa_niter_4\)/],
    ['OLoRA', changed({ init_lora_weights: 'olora' }, 'peft_lora'), /initialisation \(olora\)/],
    [
      'LoRA that does not say its strength',
      weightsOnly(fixture('peft_lora/adapter_model.safetensors')),
      /lora_alpha is in adapter_config\.json/,
    ],
    ['LoRA with biases', changed({ bias: 'all' }, 'peft_lora'), /also trains biases/],
    ['LoRA with a layer of its own', changed({ modules_to_save: ['lm_head'] }, 'peft_lora'), /also replaces lm_head/],
    [
      'a prefix that says it is a prompt',
      changed({ peft_type: 'PROMPT_TUNING' }),
      /128 numbers wide.*embeddings of 64/,
    ],
    [
      'LoRA that says it is a prefix',
      changed({}, 'peft_lora').slice(1).concat(changed({}).slice(0, 1)),
      /no virtual tokens/,
    ],
    ['another task', changed({ task_type: 'SEQ_2_SEQ_LM' }), /SEQ_2_SEQ_LM/],
    ['other files', changed({ num_virtual_tokens: 6 }), /5 virtual tokens where its config says 6/],
    ['nothing', [], /adapter_model.safetensors is missing/],
    ['a config alone', folder('peft_prefix').slice(0, 1), /adapter_model.safetensors is missing/],
    ['a pickle', [{ name: 'adapter_model.bin', bytes: new Uint8Array(4) }], /PyTorch/],
    ['a zip without one', [{ name: 'a.zip', bytes: zipSync({ 'b.txt': strToU8('b') }) }], /missing from a\.zip/],
    ['what only says it is a zip', [{ name: 'a.zip', bytes: strToU8('PNG') }], /a\.zip is no zip file/],
    ['a damaged zip', [{ name: 'a.zip', bytes: strToU8('PK\u0003\u0004 and no more') }], /damaged zip/],
    ['a damaged config', [{ name: 'adapter_config.json', bytes: strToU8('{') }], /not the config of a PEFT adapter/],
    ['a negative size', changed({ num_layers: -2 }), /"num_layers" makes no sense/],
    ['tensors of another kind', weightsOnly(fixture('golden.safetensors')), /holds no adapter that fits/],
  ])('(%s) is refused with the reason', (_, files, message) => {
    expect(() => importAdapter(files, geometry)).toThrow(AdapterError);
    expect(() => importAdapter(files, geometry)).toThrow(message);
  });

  it('says which model it is for and which one is loaded', () => {
    const expected = { ...geometry, layers: 8, kvHeads: 4, headDim: 32 };
    expect(() => importAdapter(folder('peft_prefix'), expected)).toThrow(
      'This adapter is for another model (tiny-random/llama): 2 layers with 2 key/value heads of 16. The loaded model has 8 layers with 4 key/value heads of 32.',
    );
    expect(() => importAdapter(weightsOnly(fixture('peft_prefix/adapter_model.safetensors')), expected)).toThrow(
      /holds no adapter that fits the loaded model: it has prompt_embeddings \[5, 128\]/,
    );
    // As many numbers, arranged in another way.
    expect(() => importAdapter(folder('peft_prefix'), { ...geometry, layers: 4, kvHeads: 1 })).toThrow(/another model/);
  });

  it('is refused when it holds numbers that are not finite', () => {
    const { adapter } = golden('prefix');
    const values = adapter.values.slice();
    values[16] = Number.NaN; // layer 0, key, head 0, token 1
    const files = weightsOnly(exportSafeTensors({ ...adapter, values }, geometry));
    expect(() => importAdapter(files, geometry)).toThrow(/not finite, in virtual token 2/);
  });

  it('says which layers of LoRA the loaded model lacks, and what sizes differ', () => {
    const targets = geometry.targets.filter(({ module }) => !module.path.includes('1.self_attn.v_proj'));
    expect(() => importAdapter(folder('peft_lora'), { ...geometry, targets })).toThrow(
      /does not have, or that Prelude does not find in its file: model\.layers\.1\.self_attn\.v_proj\./,
    );
    const wider = geometry.targets.map((target) => ({ ...target, module: { ...target.module, inFeatures: 128 } }));
    expect(() => importAdapter(folder('peft_lora'), { ...geometry, targets: wider })).toThrow(
      /q_proj A is \[4, 64\] and B is \[64, 4\], where the loaded model needs \[r, 128\]/,
    );
  });

  it('is not unpacked from a zip whose entries are too large together', () => {
    const entries = { 'adapter_config.json': strToU8('{}'), 'a/adapter_config.json': strToU8('{}') };
    const zip = zipSync(entries);
    const view = new DataView(zip.buffer);
    for (let at = 0; at + 4 <= zip.length; at++) {
      // An entry of the directory: what it unpacks to stands at 24.
      if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 600 * 2 ** 20, true);
    }
    expect(() => importAdapter([{ name: 'a.zip', bytes: zip }], geometry)).toThrow(/a\.zip unpacks to more than 1 GiB/);
  });

  it('does not unpack what is not an adapter', () => {
    const { adapter } = golden('prefix');
    const zip = zipSync({
      '__MACOSX/adapter_model.safetensors': strToU8('resource fork'),
      'adapter_model.safetensors': exportSafeTensors(adapter, geometry),
      'notes.txt': strToU8('hello'),
    });
    expect(importAdapter([{ name: 'a.zip', bytes: zip }], geometry).adapter).toEqual(adapter);
  });
});
