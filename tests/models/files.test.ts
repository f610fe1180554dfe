import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors';
import {
  browserLibrary,
  bundledModelFiles,
  catalogue,
  dtypeOf,
  externalDataPath,
  loadTokenizer,
  localFile,
  localModelFiles,
  type OpenModelFile,
  requiredText,
} from '../../src/models';
import { iterate } from '../../src/models/chunks';
import { rankOnnx } from '../../src/models/variants';
import { fableFolder } from './fableTokenizer';
import { folderModelFiles } from './nodeFiles';

const file = (path: string, content = 'x'): File => new File([content], path.slice(path.lastIndexOf('/') + 1));
const dropped = (...paths: string[]) => localModelFiles(paths.map((path) => localFile(file(path, `in ${path}`), path)));

async function read({ chunks }: OpenModelFile): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of iterate(chunks)) parts.push(chunk);
  return new Uint8Array(Buffer.concat(parts));
}

/** A server with these files; anything else is answered as `missing` says. */
function server(files: Record<string, BodyInit>, missing: () => Response): typeof fetch {
  return async (input) => {
    const body = files[String(input)];
    if (body === undefined) return missing();
    const bytes = await new Response(body).arrayBuffer();
    return new Response(bytes, { headers: { 'content-length': String(bytes.byteLength) } });
  };
}
const notFound = () => new Response('no', { status: 404 });

describe('the catalogue', () => {
  it('names the files of the bundled models with their sizes', () => {
    for (const model of catalogue) {
      const folder = new URL(`../${model.name}/`, fableFolder);
      expect(model.files.map(({ path }) => path)).toContain(model.onnxPath);
      for (const { path, bytes } of model.files) expect(statSync(new URL(path, folder)).size, path).toBe(bytes);
    }
  });
});

describe('a model on a server', () => {
  const base = 'https://example.org/models/';
  const at = (name: string) => `${base}fable-7m/${name}`;

  it('is read from its folder', async () => {
    const fetcher = server(
      { [at('config.json')]: '{}', [at('onnx/model_q4.onnx')]: new Uint8Array([1, 2, 3]) },
      notFound,
    );
    const files = bundledModelFiles('fable-7m', base.slice(0, -1), fetcher);
    expect(await files.text('config.json')).toBe('{}');
    const opened = await files.open(files.onnxPath);
    expect(opened.bytes).toBe(3);
    expect([...(await read(opened))]).toEqual([1, 2, 3]);
  });

  it.each([
    ['status 404', notFound],
    [
      'a page with status 200',
      () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html; charset=utf-8' } }),
    ],
  ])('misses a file for which the server has %s', async (_, missing) => {
    const files = bundledModelFiles('fable-7m', base, server({}, missing));
    expect(await files.text('chat_template.jinja')).toBeNull();
    await expect(files.open(files.onnxPath)).rejects.toThrow(/model_q4.onnx is missing/);
    await expect(requiredText(files, 'tokenizer.json')).rejects.toThrow(/tokenizer.json is missing/);
  });

  it('says which models there are in place of one that is not', async () => {
    const files = bundledModelFiles('nope', base, server({}, notFound));
    await expect(requiredText(files, 'config.json')).rejects.toMatchObject({
      message: 'There is no model "nope" beside this page.',
      hint: expect.stringContaining('fable-7m'),
    });
    expect(await files.text('generation_config.json')).toBeNull();
  });

  it('reports a server that fails and a network that is down', async () => {
    const down = bundledModelFiles('fable-7m', base, () => Promise.reject(new TypeError('fetch failed')));
    await expect(down.open('config.json')).rejects.toThrow(ModelError);
    const failing = bundledModelFiles(
      'fable-7m',
      base,
      server({}, () => new Response('', { status: 503 })),
    );
    await expect(failing.text('config.json')).rejects.toThrow(/503/);
  });

  it('does not take the length of a compressed transfer for the length of the file', async () => {
    const headers = { 'content-length': '5', 'content-encoding': 'br' };
    const files = bundledModelFiles('other', base, async () => new Response('decoded text', { headers }));
    expect((await files.open(files.onnxPath)).bytes).toBeNull();
  });

  it('is listed from the catalogue, without a request', async () => {
    const { graphs } = await browserLibrary({ modelsUrl: base }).list({ type: 'bundled', name: 'fable-7m' });
    expect(graphs).toEqual([{ onnxPath: 'onnx/model_q4.onnx', dtype: 'q4', bytes: expect.any(Number) }]);
  });

  it.each(['../secret', 'a/b', '..', ''])('has a plain name, not %j', (name) => {
    expect(() => bundledModelFiles(name, base)).toThrow(ModelError);
  });
});

describe('dropped files', () => {
  it('are found in any order, flat or in folders', async () => {
    const flat = dropped('tokenizer.json', 'model_q4.onnx', 'config.json');
    expect(flat).toMatchObject({ name: 'model_q4', onnxPath: 'model_q4.onnx' });
    const deep = dropped('hub/Tale/onnx/model_q4.onnx', 'hub/Tale/config.json', 'hub/Tale/onnx/model.onnx');
    expect(deep).toMatchObject({ name: 'Tale', onnxPath: 'onnx/model_q4.onnx' });
    expect(await deep.text('config.json')).toBe('in hub/Tale/config.json');
    expect(await deep.text('tokenizer.json')).toBeNull();
    expect(deep.entries.map(({ path }) => path)).toEqual(['onnx/model_q4.onnx', 'config.json']);
  });

  it('include the data file that lies beside the graph, or that was dropped flat', async () => {
    const folder = dropped(
      'T/config.json',
      'T/onnx/model_q4.onnx',
      'T/onnx/model_q4.onnx_data',
      'T/onnx/model.onnx_data',
    );
    expect(folder.entries.map(({ path }) => path)).toContain('onnx/model_q4.onnx_data');
    expect(folder.entries.map(({ path }) => path)).not.toContain('onnx/model.onnx_data');
    const path = externalDataPath(folder.onnxPath, 'model_q4.onnx_data');
    expect(new TextDecoder().decode(await read(await folder.open(path)))).toBe('in T/onnx/model_q4.onnx_data');
    const flat = dropped('model.onnx_data', 'config.json', 'onnx/model.onnx');
    expect(new TextDecoder().decode(await read(await flat.open('onnx/model.onnx_data')))).toBe('in model.onnx_data');
    await expect(flat.open('onnx/other.bin')).rejects.toThrow(/other.bin is missing/);
  });

  it('with several graphs load the one that is chosen, by its own path or within the folder', async () => {
    const paths = ['T/config.json', 'T/onnx/model.onnx', 'T/onnx/model_q4.onnx', 'T/onnx/model.onnx_data'];
    const files = paths.map((path) => localFile(file(path), path));
    for (const chosen of ['T/onnx/model.onnx', 'onnx/model.onnx']) {
      expect(localModelFiles(files, chosen)).toMatchObject({ name: 'T', onnxPath: 'onnx/model.onnx' });
    }
    expect(() => localModelFiles(files, 'onnx/none.onnx')).toThrow('onnx/none.onnx is not among the files.');
    const library = browserLibrary({ modelsUrl: 'https://example.org/models/' });
    const source = { type: 'files', files: paths.map((path) => file(path)), paths } as const;
    expect((await library.list(source)).graphs).toEqual([
      { onnxPath: 'T/onnx/model_q4.onnx', dtype: 'q4', bytes: 1 },
      { onnxPath: 'T/onnx/model.onnx', dtype: 'fp32', bytes: 2 },
    ]);
    expect((await library.open({ ...source, onnxPath: 'T/onnx/model.onnx' })).onnxPath).toBe('onnx/model.onnx');
  });

  it('must hold an ONNX file', () => {
    expect(() => dropped()).toThrow(/no files/);
    expect(() => dropped('config.json', 'encoder_model.onnx')).toThrow(/no ONNX file of a language model/);
  });

  it.each([
    [['onnx/model.onnx', 'onnx/model_q4f16.onnx', 'onnx/model_q4.onnx'], 'onnx/model_q4.onnx'],
    [['model.onnx', 'model_quantized.onnx', 'model_fp16.onnx'], 'model_quantized.onnx'],
    [['model.onnx', 'model.onnx_data'], 'model.onnx'],
    [
      ['decoder_with_past_model.onnx', 'decoder_model_merged_q4.onnx', 'encoder_model_q4.onnx'],
      'decoder_model_merged_q4.onnx',
    ],
    [['vision_encoder_q4.onnx', 'embed_tokens_q4.onnx'], null],
  ])('of %j the graph to load is %j', (paths, chosen) => {
    expect(rankOnnx(paths)[0] ?? null).toBe(chosen);
  });

  it.each([
    ['onnx/model_q4.onnx', 'q4'],
    ['model_q4f16.onnx', 'q4f16'],
    ['model_quantized.onnx', 'q8'],
    ['model.onnx', 'fp32'],
  ])('%s holds %s', (path, dtype) => {
    expect(dtypeOf(path)).toBe(dtype);
  });
});

describe('a folder of the computer', () => {
  it('is a model, tokenizer included', async () => {
    const files = folderModelFiles(fileURLToPath(fableFolder));
    expect(files).toMatchObject({ name: 'fable-7m', onnxPath: 'onnx/model_q4.onnx' });
    const path = new URL(files.onnxPath, fableFolder);
    expect(existsSync(path)).toBe(true);
    expect(Buffer.compare(await read(await files.open(files.onnxPath)), readFileSync(path))).toBe(0);
    const tokenizer = await loadTokenizer(files, [0]);
    expect(tokenizer.decode(tokenizer.encode('A fox.'))).toBe('A fox.');
  });
});
