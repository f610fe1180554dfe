/** The engine with a model of the hub, from listing to text, on a local server and a network that fails. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { memoryStore } from '../../src/models/cache/memoryStore';
import { PreludeEngine } from '../../src/worker/engine';
import type { LoadProgress } from '../../src/worker/protocol';
import { REPO, testLibrary } from '../models/remoteTools';
import { type HubServer, startHubServer } from '../support/hubServer';
import { tinyHubModel as files, TINY_GRAPH as GRAPH, tinyHubModelBytes as total } from '../support/tinyHubModel';

const source = { type: 'hub', repo: REPO, revision: 'main' } as const;

let server: HubServer;
beforeEach(async () => {
  server = await startHubServer({ repo: REPO, files, lfsBytes: 10_000 });
});
afterEach(() => server.close());

type Downloading = Extract<LoadProgress, { status: 'downloading' }>;

async function load(store = memoryStore()) {
  const { library } = testLibrary(server.url, store);
  const engine = new PreludeEngine({ models: library, threads: 1 });
  const bar: Downloading[] = [];
  const summary = await engine.loadModel(source, 'wasm', (progress) => {
    if (progress.status === 'downloading') bar.push(progress);
  });
  return { engine, summary, bar };
}

it('lists a repository, loads its best graph and writes text with it', async () => {
  const { engine, summary, bar } = await load();
  const { variants } = await engine.listModel(source, 'wasm');
  expect(variants).toMatchObject([{ onnxPath: GRAPH, dtype: 'q4', bytes: files[GRAPH].length, fit: 'fits' }]);
  expect(summary).toMatchObject({ name: REPO, family: 'llama', dtype: 'q4', fileBytes: files[GRAPH].length });
  expect(new Set(bar.map((progress) => progress.total))).toEqual(new Set([total]));
  expect(bar.at(-1)).toMatchObject({ loaded: total, secondsLeft: 0, retry: null, cached: false });
  const sampling = { temperature: 0, topP: 1, maxTokens: 4, seed: 1 };
  const { tokens } = await engine.generate({ prompt: 'Once', format: 'text', adapterId: null, sampling }, () => {});
  expect(tokens).toBeGreaterThan(0);
  await engine.unloadModel();
});

it('ends a listing that does not come when another one is asked for', async () => {
  const engine = new PreludeEngine({ models: testLibrary(server.url).library, threads: 1 });
  server.failApi({ type: 'stall', after: 1 });
  const stalled = server.stalled();
  const first = engine.listModel(source, 'wasm');
  const ended = expect(first).rejects.toThrow('Loading was ended.');
  await stalled;
  const { variants } = await engine.listModel(source, 'wasm');
  expect(variants).toMatchObject([{ onnxPath: GRAPH }]);
  await ended;
});

it('loads a second time from the cache, and forgets the model when it is told to', async () => {
  const store = memoryStore();
  await (await load(store)).engine.unloadModel();
  server.asked.length = 0;
  const { engine, bar } = await load(store);
  expect(server.asked.filter(({ path }) => !path.startsWith('/api/'))).toEqual([]);
  expect(bar.at(-1)).toMatchObject({ loaded: total, cached: true });
  const { models } = await engine.cachedModels();
  expect(models).toMatchObject([{ name: REPO, bytes: total, complete: true }]);
  await engine.deleteCachedModel(models[0]?.key ?? '');
  expect(await engine.cachedModels()).toMatchObject({ models: [], usedBytes: 0 });
  await engine.deleteCachedModels();
  await engine.unloadModel();
});

it('shows one bar that never goes back, whatever the network does', async () => {
  const store = memoryStore();
  server.fail(GRAPH, { type: 'reset', after: 30_000 }, { type: 'status', status: 503 }, { type: 'ignore-range' });
  const { engine, bar } = await load(store);
  const loaded = bar.map((progress) => progress.loaded);
  expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
  expect(bar.filter(({ retry }) => retry !== null).map(({ retry }) => retry?.attempt)).toEqual([1, 2]);
  expect(bar.at(-1)).toMatchObject({ loaded: total, retry: null });
  await engine.unloadModel();
});

it('loads afresh, once, a file that did not arrive as it was published', async () => {
  const wrong = {
    type: 'content',
    bytes: Uint8Array.from(files[GRAPH], (byte, i) => (i === 90_000 ? byte ^ 1 : byte)),
  } as const;
  server.fail(GRAPH, wrong);
  const { engine, bar } = await load();
  const loaded = bar.map((progress) => progress.loaded);
  expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
  expect(server.contentRequests(GRAPH)).toHaveLength(2);
  await engine.unloadModel();
  server.fail(GRAPH, wrong, wrong);
  await expect(load()).rejects.toThrow(`${GRAPH} did not arrive as it was published`);
  expect(server.contentRequests(GRAPH)).toHaveLength(4);
});

it('leaves a transfer at once when another model is wanted', async () => {
  const { library } = testLibrary(server.url);
  const engine = new PreludeEngine({ models: library, threads: 1 });
  server.fail(GRAPH, { type: 'stall', after: 20_000 });
  const stalled = server.stalled();
  const first = engine.loadModel(source, 'wasm', () => {});
  const outcome = first.catch((error: unknown) => error);
  await stalled;
  const second = engine.loadModel(source, 'wasm', () => {});
  expect(await outcome).toMatchObject({ message: 'Loading was ended.' });
  expect(await second).toMatchObject({ name: REPO });
  await engine.unloadModel();
});
