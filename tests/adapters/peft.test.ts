import { readFileSync } from 'node:fs';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { PrefixGeometry } from '../../src/adapters';
import {
  describeFiles,
  exportPrefix,
  exportSafeTensors,
  importAdapter,
  readSafeTensors,
  toFloat32,
  zipFiles,
} from '../../src/adapters';
import { AdapterError } from '../../src/errors';

const fixture = (path: string) =>
  new Uint8Array(readFileSync(new URL(`../fixtures/llama_q4/${path}`, import.meta.url)));
const folder = (name: string) =>
  ['adapter_config.json', 'adapter_model.safetensors'].map((file) => ({
    name: file,
    bytes: fixture(`${name}/${file}`),
  }));
const geometry: PrefixGeometry = { layers: 2, kvHeads: 2, headDim: 16 };
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
function changed(fields: Record<string, unknown>) {
  const config = { ...JSON.parse(text(fixture('peft_prefix/adapter_config.json'))), ...fields };
  return [
    { name: 'adapter_config.json', bytes: strToU8(JSON.stringify(config)) },
    { name: 'adapter_model.safetensors', bytes: fixture('peft_prefix/adapter_model.safetensors') },
  ];
}

describe('a prefix saved by PEFT', () => {
  it('has, in our layout, the keys and values of the golden file', () => {
    const { prefix, baseModel, record: own } = importAdapter(folder('peft_prefix'), geometry);
    const golden = readSafeTensors(fixture('golden.safetensors')).tensors;
    const { layers, kvHeads, headDim } = geometry;
    const perTensor = kvHeads * prefix.length * headDim;
    expect({ length: prefix.length, baseModel, own }).toEqual({ length: 5, baseModel: 'tiny-random/llama', own: null });
    expect(prefix.values.length).toBe(layers * 2 * perTensor);
    for (let layer = 0; layer < layers; layer++) {
      ['key', 'value'].forEach((part, i) => {
        const tensor = golden.get(`prefix.${layer}.${part}`) ?? expect.fail(part);
        expect(tensor.dims).toEqual([1, kvHeads, 5, headDim]);
        const start = (layer * 2 + i) * perTensor;
        expect(prefix.values.subarray(start, start + perTensor)).toEqual(toFloat32(tensor));
      });
    }
  });

  it('is exported again with the same bytes and the same config', () => {
    const { prefix, baseModel } = importAdapter(folder('peft_prefix'), geometry);
    const files = exportPrefix(prefix, { baseModel: baseModel ?? '', record: {} });
    const weights = fixture('peft_prefix/adapter_model.safetensors');
    expect(Buffer.compare(byName(files, 'adapter_model.safetensors'), weights)).toBe(0);
    expect(Buffer.compare(exportSafeTensors(prefix), weights)).toBe(0);
    const config = text(byName(files, 'adapter_config.json'));
    const theirs = JSON.parse(text(fixture('peft_prefix/adapter_config.json')));
    expect(JSON.parse(config)).toEqual(theirs);
    expect(config).toBe(JSON.stringify(theirs, null, 2));
  });

  it('may have been trained with a projection, which PEFT folds away when it saves', () => {
    expect(importAdapter(changed({ prefix_projection: true, encoder_hidden_size: 64 }), geometry).prefix.length).toBe(
      5,
    );
  });
});

describe('an exported prefix', () => {
  const { prefix } = importAdapter(folder('peft_prefix'), geometry);
  const files = exportPrefix(prefix, { baseModel: 'tiny-random/llama', record });
  const zip = zipFiles('reviews', files);

  it('comes back from the zip with every number and what it was tuned with', () => {
    const back = importAdapter([{ name: 'reviews.zip', bytes: zip }], geometry);
    expect(back.prefix).toEqual(prefix);
    expect(back.record).toEqual(record);
    expect(back.baseModel).toBe('tiny-random/llama');
  });

  it('comes back from the bare safetensors and from files in any folder', () => {
    const weights = { name: 'my prefix.safetensors', bytes: exportSafeTensors(prefix) };
    expect(importAdapter([weights], geometry)).toEqual({ prefix, baseModel: null, record: null });
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

  it('has a card that says how to load it and what it reached', () => {
    const card = text(byName(files, 'README.md'));
    expect(card).toContain('PeftModel.from_pretrained(');
    expect(card).toContain('Validation accuracy: 90.0 %, without the prefix 50.0 %');
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
    ['LoRA', folder('peft_lora'), /LoRA adapter, not a prefix/],
    [
      'LoRA without its config',
      weightsOnly(fixture('peft_lora/adapter_model.safetensors')),
      /LoRA adapter, not a prefix/,
    ],
    ['prompt tuning', folder('peft_prompt'), /prompt-tuning adapter, not a prefix/],
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
    ['tensors of another kind', weightsOnly(fixture('golden.safetensors')), /holds no prefix/],
  ])('(%s) is refused with the reason', (_, files, message) => {
    expect(() => importAdapter(files, geometry)).toThrow(AdapterError);
    expect(() => importAdapter(files, geometry)).toThrow(message);
  });

  it('says which model it is for and which one is loaded', () => {
    const expected = { layers: 8, kvHeads: 4, headDim: 32 };
    expect(() => importAdapter(folder('peft_prefix'), expected)).toThrow(
      'This adapter is for another model (tiny-random/llama): 2 layers with 2 key/value heads of 16. The loaded model has 8 layers with 4 key/value heads of 32.',
    );
    expect(() => importAdapter(weightsOnly(fixture('peft_prefix/adapter_model.safetensors')), expected)).toThrow(
      /128 numbers for each virtual token, the loaded model needs 2048/,
    );
    // As many numbers, arranged in another way.
    expect(() => importAdapter(folder('peft_prefix'), { layers: 4, kvHeads: 1, headDim: 16 })).toThrow(/another model/);
  });

  it('is refused when it holds numbers that are not finite', () => {
    const { prefix } = importAdapter(folder('peft_prefix'), geometry);
    const values = prefix.values.slice();
    values[16] = Number.NaN; // layer 0, key, head 0, token 1
    const files = weightsOnly(exportSafeTensors({ ...prefix, values }));
    expect(() => importAdapter(files, geometry)).toThrow(/not finite, in virtual token 2/);
  });

  it('does not unpack what is not an adapter', () => {
    const { prefix } = importAdapter(folder('peft_prefix'), geometry);
    const zip = zipSync({
      '__MACOSX/adapter_model.safetensors': strToU8('resource fork'),
      'adapter_model.safetensors': exportSafeTensors(prefix),
      'notes.txt': strToU8('hello'),
    });
    expect(importAdapter([{ name: 'a.zip', bytes: zip }], geometry).prefix).toEqual(prefix);
  });
});
