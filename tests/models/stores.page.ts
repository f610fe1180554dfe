/** Runs in the page: the browser's own stores, and a model that is kept in them. */
import { browserLibrary } from '../../src/models';
import type { BlobStore } from '../../src/models/cache/blobStore';
import { cacheApiStore } from '../../src/models/cache/cacheApiStore';
import { openBlobStore } from '../../src/models/cache/openBlobStore';
import { opfsStore } from '../../src/models/cache/opfsStore';
import { iterate } from '../../src/models/chunks';
import { connectEngine } from '../../src/worker';
import type { GenerateResult, LoadProgress, ModelCacheSummary, ModelSource } from '../../src/worker/protocol';

export type StoreKind = 'opfs' | 'cache-api';

const stores: Readonly<Record<StoreKind, () => Promise<BlobStore>>> = { opfs: opfsStore, 'cache-api': cacheApiStore };

/** Writes, overwrites, lists and removes; what is left is for `left`. */
export async function useStore(kind: StoreKind): Promise<unknown[]> {
  const store = await stores[kind]();
  await store.write('test/a', '0-x', Uint8Array.of(1, 2, 3));
  await store.write('test/a', '1-x', new Uint8Array(3 * 2 ** 20).fill(7));
  await store.write('test/b', 'only', Uint8Array.of(5));
  await store.write('test', 'record', Uint8Array.of(9, 9, 9));
  await store.write('test', 'record', Uint8Array.of(8));
  const before = [
    (await store.names('test/a')).sort(),
    (await store.folders('test')).sort(),
    await store.names('test'),
  ];
  await store.remove('test/a', '1-x');
  await store.remove('test/a', 'never there');
  await store.removeFolder('test/b');
  await store.removeFolder('never/there');
  const absent = [await store.read('test/b', 'only'), await store.read('no', 'no'), await store.names('no')];
  return [store.kind, before, absent];
}

export async function left(kind: StoreKind): Promise<unknown[]> {
  const store = await stores[kind]();
  const [folders, names] = [await store.folders('test'), await store.names('test/a')];
  const [chunk, record] = [await store.read('test/a', '0-x'), await store.read('test', 'record')];
  await store.removeFolder('test');
  return [folders, names, [...(chunk ?? [])], [...(record ?? [])], await store.folders('test')];
}

export const bestStore = async (): Promise<string> => (await openBlobStore()).kind;

/** Reads a model's graph through the Cache API. @returns its bytes, and what is cached then */
export async function readThroughCacheApi(
  hubUrl: string,
  source: ModelSource,
): Promise<{ readonly bytes: number; readonly cached: ModelCacheSummary }> {
  const library = browserLibrary({ modelsUrl: location.origin, hubUrl, openStore: cacheApiStore, chunkBytes: 20_000 });
  const files = await library.open(source);
  let bytes = 0;
  for await (const chunk of iterate((await files.open(files.onnxPath)).chunks)) bytes += chunk.length;
  return { bytes, cached: await library.cached() };
}

export interface Loaded {
  readonly progress: readonly LoadProgress[];
  readonly result: GenerateResult;
  readonly cached: ModelCacheSummary;
}

/** What the page does: a worker with the engine loads the model and writes a little. */
export async function loadInWorker(hubUrl: string, source: ModelSource): Promise<Loaded> {
  const engine = connectEngine({ hubUrl });
  const progress: LoadProgress[] = [];
  await engine.loadModel(source, 'wasm', (at) => progress.push(at));
  const sampling = { temperature: 0, topP: 1, maxTokens: 3, seed: 1 };
  const result = await engine.generate({ prompt: 'Once', format: 'text', adapterId: null, sampling }, () => {});
  const cached = await engine.cachedModels();
  await engine.unloadModel();
  return { progress, result, cached };
}

export async function forgetInWorker(hubUrl: string): Promise<ModelCacheSummary> {
  const engine = connectEngine({ hubUrl });
  await engine.deleteCachedModels();
  return engine.cachedModels();
}
