/** A model by the address of its .onnx file, on a server that knows nothing of the hub. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HubServer, type HubServerOptions, startHubServer } from '../support/hubServer';
import { bytesOf, GRAPH, REPO, readFile, readSome, repoFiles, testLibrary } from './remoteTools';

let server: HubServer;
let source: { type: 'url'; url: string };
/** The plain files of this server lie where the hub's file store has them. */
beforeEach(async () => {
  server = await startHubServer({ repo: REPO, files: repoFiles() });
  source = { type: 'url', url: `${server.cdnUrl}/${GRAPH}` };
});
afterEach(() => server.close());
const content = repoFiles()[GRAPH] as Uint8Array;
const library = (store?: Parameters<typeof testLibrary>[1]) => testLibrary('http://localhost:1', store);
const downloads = () => server.contentRequests(GRAPH).map(({ range }) => range);

const restart = async (options: Partial<HubServerOptions>) => {
  await server.close();
  server = await startHubServer({ repo: REPO, files: repoFiles(), ...options });
  source = { type: 'url', url: `${server.cdnUrl}/${GRAPH}` };
};

describe('the address of an .onnx file', () => {
  it('is a model: the graph, and the files beside it or one folder above', async () => {
    server.setFiles({ ...repoFiles(), 'onnx/tokenizer.json': new TextEncoder().encode('"beside"') });
    const files = await library().library.open(source);
    expect(files).toMatchObject({ onnxPath: 'model_q4.onnx', entries: [{ path: 'model_q4.onnx', bytes: 9500 }] });
    expect(await files.text('config.json')).toBe('{"seed": 1}');
    expect(await files.text('tokenizer.json')).toBe('"beside"');
    expect(await files.text('chat_template.jinja')).toBeNull();
    expect(await readFile(files, files.onnxPath)).toEqual(content);
  });

  it('counts the data files beside the graph', async () => {
    const url = `${server.cdnUrl}/onnx/model.onnx`;
    const { graphs } = await library().library.list({ type: 'url', url });
    expect(graphs).toEqual([{ onnxPath: 'model.onnx', dtype: 'fp32', bytes: 12_000 }]);
  });

  it.each(['model.onnx', 'ftp://example.org/model.onnx', 'https://example.org/model.gguf'])(
    'is not %j',
    async (url) => {
      await expect(library().library.open({ type: 'url', url })).rejects.toThrow('not the address of an .onnx file');
    },
  );

  it('may hold no password', async () => {
    const url = 'https://me:secret@example.org/model.onnx';
    await expect(library().library.open({ type: 'url', url })).rejects.toThrow('a user name or a password in it');
  });

  it.each(['100%.onnx', 'a%23b.onnx', 'a%20b.onnx', '50%2525.onnx'])('may be escaped in any way: %s', async (name) => {
    const path = /100%/.test(name) ? name : decodeURIComponent(name);
    server.setFiles({ [path]: bytesOf(1, 50), [`${path}_data`]: bytesOf(2, 70) });
    const files = await library().library.open({ type: 'url', url: `${server.cdnUrl}/${name}` });
    expect(files.entries).toEqual([
      { path, bytes: 50 },
      { path: `${path}_data`, bytes: 70 },
    ]);
    expect(await readFile(files, `${path}_data`)).toEqual(bytesOf(2, 70));
  });

  it('at which there is nothing is said', async () => {
    const url = `${server.cdnUrl}/onnx/none.onnx`;
    await expect(library().library.open({ type: 'url', url })).rejects.toThrow(
      'There is no none.onnx at this address.',
    );
  });
});

describe('a server that does not answer everything', () => {
  it.each([
    { headStatus: 405, absentStatus: 404 },
    { headStatus: 501, absentStatus: 404 },
    { headStatus: 403, absentStatus: 403 },
    { absentStatus: 403 },
    { absentStatus: 401 },
  ])('is asked for one byte instead: %o', async (options) => {
    await restart(options);
    const url = `${server.cdnUrl}/onnx/model.onnx`;
    const { library: first, store, clock } = library();
    expect((await first.list({ type: 'url', url })).graphs).toMatchObject([{ bytes: 12_000 }]);
    expect(server.asked.length).toBeLessThan(10);
    const files = await first.open({ type: 'url', url });
    expect(await files.text('config.json')).toBe('{"seed": 1}');
    expect(await files.text('chat_template.jinja')).toBeNull();
    expect(await readFile(files, 'model.onnx')).toEqual(repoFiles()['onnx/model.onnx']);
    expect((await library(store).library.cached()).models).toMatchObject([{ bytes: 3011 }]);
    expect(clock.pauses).toEqual([]);
  });

  it('is said to refuse the graph', async () => {
    await restart({ absentStatus: 403 });
    const url = `${server.cdnUrl}/onnx/none.onnx`;
    await expect(library().library.list({ type: 'url', url })).rejects.toThrow(
      'none.onnx could not be fetched: the server says 403 Forbidden.',
    );
  });

  it('is not believed to have any number of data files', async () => {
    const parts = Array.from({ length: 80 }, (_, i) => [
      `onnx/model.onnx_data${i === 0 ? '' : `_${i}`}`,
      Uint8Array.of(1),
    ]);
    await restart({ files: { ...repoFiles(), ...Object.fromEntries(parts) } });
    const files = await library().library.open({ type: 'url', url: `${server.cdnUrl}/onnx/model.onnx` });
    expect(files.entries).toHaveLength(65);
  });
});

describe('an address that is signed', () => {
  const signature = 'secret';
  const signed = () => ({ type: 'url', url: `${server.cdnUrl}/${GRAPH}?signature=${signature}` }) as const;

  it('is asked for as it was given, the files beside it without the query', async () => {
    await restart({ signature, headStatus: 403 });
    const files = await library().library.open(signed());
    expect(await files.text('config.json')).toBe('{"seed": 1}');
    expect(await readFile(files, files.onnxPath)).toEqual(content);
    const queries = new Set(
      server.asked.map(({ path, query }) => `${path === `/${GRAPH}` ? 'graph' : 'other'}${query}`),
    );
    expect(queries).toEqual(new Set(['graph?signature=secret', 'other']));
  });

  it('is kept without the query, and serves when it is signed no more', async () => {
    await restart({ signature });
    const { library: first, store } = library();
    const before = await first.open(signed());
    await before.text('config.json');
    await readFile(before, 'model_q4.onnx');
    const { models } = await first.cached();
    expect(models.map((model) => model.source)).toEqual([source]);
    const records = await Promise.all((await store.names('models')).map((name) => store.read('models', name)));
    expect(records.map((bytes) => new TextDecoder().decode(bytes ?? undefined)).join()).not.toContain(signature);
    server.asked.length = 0;
    for (const later of [source, signed()]) {
      const files = await library(store).library.open(later);
      expect(await files.text('config.json')).toBe('{"seed": 1}');
      expect(await readFile(files, 'model_q4.onnx')).toEqual(content);
    }
    expect(downloads().filter((range) => range !== 'bytes=0-0')).toEqual([]);
  });
});

describe('its cache', () => {
  it('serves as long as the ETag stays, and gives way when it changes', async () => {
    const { library: first, store } = library();
    await readFile(await first.open(source), 'model_q4.onnx');
    await readFile(await library(store).library.open(source), 'model_q4.onnx');
    expect(downloads()).toEqual([undefined]);
    server.setFiles({ ...repoFiles(), [GRAPH]: bytesOf(44, 9500) });
    expect(await readFile(await library(store).library.open(source), 'model_q4.onnx')).toEqual(bytesOf(44, 9500));
    expect(downloads()).toEqual([undefined, undefined]);
    await library(store).library.open(source);
    expect(await store.folders('blobs')).toHaveLength(1);
  });

  it('goes on where a reload interrupted it', async () => {
    const { library: first, store } = library();
    server.fail(GRAPH, { type: 'reset', after: 4200 });
    await readSome(await first.open(source), 'model_q4.onnx', 4200);
    expect(await readFile(await library(store).library.open(source), 'model_q4.onnx')).toEqual(content);
    expect(downloads()).toEqual([undefined, 'bytes=4000-']);
  });

  it('is taken as it is when the server cannot be reached', async () => {
    const { library: first, store } = library();
    const online = await first.open(source);
    await online.text('config.json');
    await readFile(online, 'model_q4.onnx');
    await server.close();
    const { library: offline, clock } = library(store);
    const files = await offline.open(source);
    expect(await readFile(files, 'model_q4.onnx')).toEqual(content);
    expect(await files.text('config.json')).toBe('{"seed": 1}');
    expect(await files.text('generation_config.json')).toBeNull();
    expect(clock.pauses).toEqual([]);
    server = await startHubServer({ repo: REPO, files: repoFiles() });
  });
});
