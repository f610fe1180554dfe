/** The cache: what it keeps, that it heals, that it gives way, and that it never breaks loading. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localLocks } from '../../src/models/cache/locks';
import { memoryStore } from '../../src/models/cache/memoryStore';
import { ModelCache } from '../../src/models/cache/modelCache';
import { type HubServer, startHubServer } from '../support/hubServer';
import {
  bytesOf,
  CHUNK,
  GRAPH,
  hubSource,
  REPO,
  readFile,
  readSome,
  repoFiles,
  testLibrary,
  WEIGHT_BYTES,
} from './remoteTools';

let server: HubServer;
beforeEach(async () => {
  server = await startHubServer({ repo: REPO, files: repoFiles() });
});
afterEach(() => server.close());

const content = repoFiles()[GRAPH] as Uint8Array;
const ranges = () => server.contentRequests(GRAPH).map(({ range }) => range);

/** Reads the whole model, as loading does. */
async function load(store = memoryStore(), source = hubSource()) {
  const { library } = testLibrary(server.url, store);
  const files = await library.open(source);
  for (const path of ['config.json', 'tokenizer.json']) await files.text(path);
  return { library, store, bytes: await readFile(files, files.onnxPath) };
}

async function chunkNames(store: ReturnType<typeof memoryStore>): Promise<[folder: string, name: string][]> {
  for (const blob of await store.folders('blobs')) {
    const names = await store.names(`blobs/${blob}`);
    if (names.length === WEIGHT_BYTES / CHUNK + 0.5) return names.map((name) => [`blobs/${blob}`, name]);
  }
  return expect.fail('no content of this size is kept');
}

describe('a model that was loaded', () => {
  it('is loaded again without asking for any of its files', async () => {
    const { store } = await load();
    server.asked.length = 0;
    const watched: boolean[] = [];
    const { library } = testLibrary(server.url, store);
    const files = await library.open(hubSource());
    const watch = { onCached: (cached: boolean) => watched.push(cached), onRetry: () => {} };
    expect(await readFile(files, GRAPH, { watch })).toEqual(content);
    expect(await files.text('config.json')).toBe('{"seed": 1}');
    expect(server.asked.filter(({ path }) => !path.startsWith('/api/'))).toEqual([]);
    expect(new Set(watched)).toEqual(new Set([true]));
  });

  it('opens offline, by branch and by commit', async () => {
    const { store, library } = await load();
    const { commit } = await library.list(hubSource());
    const byCommit = hubSource({ revision: commit ?? '' });
    await library.open(byCommit);
    await server.close();
    for (const source of [hubSource(), byCommit]) {
      const offline = testLibrary(server.url, store);
      expect(await readFile(await offline.library.open(source), GRAPH)).toEqual(content);
      expect(offline.clock.pauses).toEqual([]);
    }
    server = await startHubServer({ repo: REPO, files: repoFiles() });
  });

  it('keeps a data file that no exporter names so, too', async () => {
    const weights = bytesOf(12, 2500);
    server.setFiles({ ...repoFiles(), 'onnx/weights.bin': weights });
    const { store } = await load();
    const read = async () => {
      const files = await testLibrary(server.url, store).library.open(hubSource());
      expect(await readFile(files, 'onnx/weights.bin')).toEqual(weights);
    };
    await read();
    await read();
    expect(server.contentRequests('onnx/weights.bin')).toHaveLength(1);
  });

  it('is in the list, with how to load it again', async () => {
    const { library } = await load();
    const { models, usedBytes, storage, quotaBytes } = await library.cached();
    expect(models).toEqual([
      {
        key: expect.stringMatching(/^[0-9a-f]{32}$/),
        name: REPO,
        dtype: 'q4',
        bytes: WEIGHT_BYTES + 11 + 2,
        complete: true,
        lastUsed: expect.any(Number),
        source: hubSource({ onnxPath: GRAPH }),
      },
    ]);
    expect({ usedBytes, storage, quotaBytes }).toEqual({
      usedBytes: WEIGHT_BYTES + 13,
      storage: 'memory',
      quotaBytes: null,
    });
  });

  it('stands first in the list when it was used last', async () => {
    const { store } = await load();
    await load(store, hubSource({ onnxPath: 'onnx/model.onnx' }));
    const order = async () => (await testLibrary(server.url, store).library.cached()).models.map(({ dtype }) => dtype);
    const later = testLibrary(server.url, store);
    later.clock.now = () => 1_800_000_000_000;
    await later.library.open(hubSource());
    expect(await order()).toEqual(['q4', 'fp32']);
  });
});

describe('a model that was loaded in part', () => {
  it('goes on after a reload where it ended, by whole chunks', async () => {
    const store = memoryStore();
    server.fail(GRAPH, { type: 'reset', after: 3500 });
    const first = testLibrary(server.url, store);
    await readSome(await first.library.open(hubSource()), GRAPH, 3500);
    expect((await first.library.cached()).models).toMatchObject([{ bytes: 3000, complete: false }]);
    server.asked.length = 0;
    expect((await load(store)).bytes).toEqual(content);
    expect(ranges()).toEqual(['bytes=3000-']);
  });

  it('is fetched only where something is missing in the middle', async () => {
    const { store } = await load();
    const names = await chunkNames(store);
    for (const [folder, name] of names) if (/^[347]-/.test(name)) await store.remove(folder, name);
    server.asked.length = 0;
    expect((await load(store)).bytes).toEqual(content);
    expect(ranges()).toEqual(['bytes=3000-4999', 'bytes=7000-7999']);
    expect((await chunkNames(store)).length).toBe(names.length);
  });
});

describe('a chunk that rots', () => {
  it('is found and fetched again, it alone', async () => {
    const { store } = await load();
    const [folder, name] = (await chunkNames(store)).find(([, one]) => one.startsWith('4-')) ?? expect.fail();
    const chunk = (await store.read(folder, name)) ?? expect.fail();
    chunk[17] = (chunk[17] as number) ^ 1;
    await store.write(folder, name, chunk);
    server.asked.length = 0;
    expect((await load(store)).bytes).toEqual(content);
    expect(ranges()).toEqual(['bytes=4000-4999']);
    server.asked.length = 0;
    expect((await load(store)).bytes).toEqual(content);
    expect(ranges()).toEqual([]);
  });

  it('is not healed with other bytes than it had', async () => {
    const { store } = await load();
    const [folder, name] = (await chunkNames(store)).find(([, one]) => one.startsWith('9-')) ?? expect.fail();
    await store.write(folder, name, new Uint8Array(3));
    server.fail(GRAPH, { type: 'content', bytes: bytesOf(3, WEIGHT_BYTES) });
    await expect(load(store)).rejects.toThrow(/did not arrive as it was published/);
    expect((await load(store)).bytes).toEqual(content);
  });
});

describe('a revision that moves on', () => {
  it('is read anew where it differs, and what it needs no longer is cleared', async () => {
    const { store } = await load();
    const before = await store.folders('blobs');
    server.setFiles({ ...repoFiles(2), 'tokenizer.json': repoFiles()['tokenizer.json'] as Uint8Array });
    server.asked.length = 0;
    const { bytes, library } = await load(store);
    expect(bytes).toEqual(repoFiles(2)[GRAPH]);
    expect(server.contentRequests('tokenizer.json')).toEqual([]);
    expect((await library.cached()).models).toMatchObject([{ complete: true, bytes: WEIGHT_BYTES + 13 }]);
    const after = await store.folders('blobs');
    expect(after).toHaveLength(3);
    expect(after.filter((blob) => before.includes(blob))).toHaveLength(1);
  });
});

describe('deleting', () => {
  it('a model leaves what another one needs', async () => {
    const { store, library } = await load();
    await load(store, hubSource({ onnxPath: 'onnx/model.onnx' }));
    const { models, usedBytes } = await library.cached();
    // config.json and tokenizer.json belong to both, and are there once.
    expect(usedBytes).toBe(WEIGHT_BYTES + 3000 + 13);
    await library.remove(models.find(({ dtype }) => dtype === 'q4')?.key ?? '');
    const left = await library.cached();
    expect(left.models).toMatchObject([{ dtype: 'fp32', bytes: 3013, complete: false }]);
    expect(left.usedBytes).toBe(3013);
  });

  it('all models leaves nothing', async () => {
    const { store, library } = await load();
    await library.removeAll();
    expect(await library.cached()).toMatchObject({ models: [], usedBytes: 0 });
    expect([await store.names('models'), await store.names('listings'), await store.folders('blobs')]).toEqual([
      [],
      [],
      [],
    ]);
    expect((await load(store)).bytes).toEqual(content);
  });

  it('waits for a record that is being written, and leaves what it names', async () => {
    const { store, library } = await load();
    const [record] = await Promise.all((await store.names('models')).map((name) => store.read('models', name)));
    const locks = localLocks();
    const cache = new ModelCache(store, locks, CHUNK);
    const [key] = await store.names('models');
    await store.remove('models', key as string);
    let written = () => {};
    const writing = locks.hold('records', async () => {
      await new Promise<void>((resolve) => {
        written = resolve;
      });
      await store.write('models', key as string, record as Uint8Array<ArrayBuffer>);
    });
    const clearing = cache.clear();
    await new Promise((resolve) => setImmediate(resolve));
    written();
    await Promise.all([writing, clearing]);
    expect((await library.cached()).models).toMatchObject([{ complete: true }]);
  });

  it('leaves alone what is being written', async () => {
    const locks = localLocks();
    const cache = new ModelCache(memoryStore(), locks, CHUNK);
    await cache.blobs.write('busy', 0, 'a'.repeat(64), new Uint8Array(3));
    const release = await locks.take('busy');
    await cache.removeAll();
    expect(await cache.blobs.all()).toEqual(['busy']);
    release?.();
    await cache.removeAll();
    expect(await cache.blobs.all()).toEqual([]);
  });
});

describe('a cache that fails', () => {
  it('for want of room lets the model load, and tells that it is not whole', async () => {
    const store = memoryStore(6000);
    const { bytes, library } = await load(store);
    expect(bytes).toEqual(content);
    const [model] = (await library.cached()).models;
    expect(model).toMatchObject({ complete: false });
    expect(model?.bytes).toBeGreaterThan(3000);
    expect(model?.bytes).toBeLessThan(6000);
  });

  it('in every way lets the model load', async () => {
    const broken = () => Promise.reject(new DOMException('gone', 'InvalidStateError'));
    const store = {
      kind: 'opfs',
      read: broken,
      write: broken,
      names: broken,
      folders: broken,
      remove: broken,
      removeFolder: broken,
    } as const;
    expect((await load(store)).bytes).toEqual(content);
  });

  it('clears nothing while it cannot tell what a model needs', async () => {
    const { store, library } = await load();
    const before = (await store.folders('blobs')).sort();
    const [key] = await store.names('models');
    await store.write('models', key as string, new TextEncoder().encode('{"name": "to'));
    await load(store, hubSource({ onnxPath: 'onnx/model.onnx' }));
    expect(await store.folders('blobs')).toEqual(expect.arrayContaining(before));
    await library.remove(key as string);
    expect((await library.cached()).models).toMatchObject([{ dtype: 'fp32' }]);
    expect(await store.folders('blobs')).toHaveLength(3);
  });

  it('is not written to when a model is opened again that is in it', async () => {
    const { store } = await load();
    const writes: string[] = [];
    const { write } = store;
    store.write = (folder, name, bytes) => {
      writes.push(folder);
      return write(folder, name, bytes);
    };
    await load(store);
    expect(writes.filter((folder) => folder !== 'listings')).toEqual([]);
  });

  it('does not take a torn record for a model', async () => {
    const { store, library } = await load();
    await store.write('models', 'torn', new TextEncoder().encode('{"name": "to'));
    await store.write('models', 'other', new TextEncoder().encode('{"name": "from another version"}'));
    expect((await library.cached()).models).toHaveLength(1);
  });
});

describe('two pages at a time', () => {
  it('load the same model, and one of them keeps it', async () => {
    const [store, locks] = [memoryStore(), localLocks()];
    server.fail(GRAPH, { type: 'reset', after: 2000 });
    const pages = [testLibrary(server.url, store, locks), testLibrary(server.url, store, locks)];
    const writes: string[] = [];
    const { write } = store;
    Object.assign(store, {
      write: (folder: string, name: string, bytes: Uint8Array<ArrayBuffer>) => {
        if (folder.startsWith('blobs/')) writes.push(`${folder}/${name}`);
        return write(folder, name, bytes);
      },
    });
    const read = await Promise.all(pages.map(async ({ library }) => readFile(await library.open(hubSource()), GRAPH)));
    for (const bytes of read) expect(bytes).toEqual(content);
    expect(new Set(writes).size).toBe(writes.length);
    expect(writes).toHaveLength(10);
  });
});
