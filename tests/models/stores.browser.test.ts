/** What a real Chromium keeps: its file system and its Cache API as stores, and a model of the hub that stays. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, type Remote, type TestBrowser } from '../support/browser';
import { type HubServer, startHubServer } from '../support/hubServer';
import { TINY_GRAPH, tinyHubModel, tinyHubModelBytes } from '../support/tinyHubModel';
import { REPO } from './remoteTools';

const token = 'hf_secret';
const source = { type: 'hub', repo: REPO, revision: 'main' } as const;

let browser: TestBrowser;
let page: Remote<typeof import('./stores.page')>;
let server: HubServer;
beforeAll(async () => {
  browser = await openBrowser();
  page = browser.module<typeof import('./stores.page')>('/tests/models/stores.page.ts');
  server = await startHubServer({ repo: REPO, files: tinyHubModel, lfsBytes: 10_000, token });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Requests for files; those to the API are small. */
const filesAsked = () => server.asked.filter(({ path }) => !path.startsWith('/api/'));

describe.each(['opfs', 'cache-api'] as const)('the store %s', (kind) => {
  it('keeps entries in folders, also when the page is loaded anew', async () => {
    expect(await page.useStore(kind)).toEqual([kind, [['0-x', '1-x'], ['a', 'b'], ['record']], [null, null, []]]);
    await browser.page.reload();
    expect(await page.left(kind)).toEqual([['a'], ['0-x'], [1, 2, 3], [8], []]);
  });
});

describe('a model of the hub', () => {
  it('is kept by the engine in its worker, and loads again without a request for its files', async () => {
    expect(await page.bestStore()).toBe('opfs');
    const first = await page.loadInWorker(server.url, { ...source, token });
    expect(first.result.tokens).toBeGreaterThan(0);
    expect(first.cached).toMatchObject({ storage: 'opfs', usedBytes: tinyHubModelBytes, models: [{ complete: true }] });
    expect(first.cached.quotaBytes).toBeGreaterThan(tinyHubModelBytes);
    expect(filesAsked()).not.toEqual([]);
    await browser.page.reload();
    server.asked.length = 0;
    const second = await page.loadInWorker(server.url, { ...source, token });
    expect(filesAsked()).toEqual([]);
    expect(second.result.text).toBe(first.result.text);
    const downloading = second.progress.filter((progress) => progress.status === 'downloading');
    expect(downloading.at(-1)).toMatchObject({ loaded: tinyHubModelBytes, total: tinyHubModelBytes, cached: true });
  });

  it('gives its token to the hub, and not to where the large files lie', async () => {
    expect(await page.forgetInWorker(server.url)).toMatchObject({ models: [], usedBytes: 0 });
    server.asked.length = 0;
    await page.loadInWorker(server.url, { ...source, token });
    expect(server.contentRequests(TINY_GRAPH)).toMatchObject([{ origin: 'cdn', authorization: undefined }]);
    const hub = server.asked.filter(({ origin }) => origin === 'hub');
    expect(new Set(hub.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${token}`]));
    await page.forgetInWorker(server.url);
  });

  it('goes on after a cut connection, where the store is the Cache API', async () => {
    server.fail(TINY_GRAPH, { type: 'reset', after: 50_000 });
    server.asked.length = 0;
    const bytes = tinyHubModel[TINY_GRAPH].length;
    expect(await page.readThroughCacheApi(server.url, { ...source, token })).toMatchObject({
      bytes,
      cached: { storage: 'cache-api', usedBytes: bytes },
    });
    expect(server.contentRequests(TINY_GRAPH)).toHaveLength(2);
    expect((await page.readThroughCacheApi(server.url, { ...source, token })).bytes).toBe(bytes);
    expect(server.contentRequests(TINY_GRAPH)).toHaveLength(2);
  });
});
