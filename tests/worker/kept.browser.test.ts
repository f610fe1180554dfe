/** Work in a real Chromium, with the engine in its worker, is there again when the page is loaded anew. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBrowser, type Remote, type TestBrowser } from '../support/browser';
import { quickMethod, quickRun, reviews } from '../support/nodeEngine';

let browser: TestBrowser;
let page: Remote<typeof import('./kept.page')>;
beforeAll(async () => {
  browser = await openBrowser();
  page = browser.module<typeof import('./kept.page')>('/tests/worker/kept.page.ts');
});
afterAll(() => browser?.close());

it('a run, its adapter and a stopped sweep outlive the page; the sweep goes on without its dataset being dropped', async () => {
  const { method: _, learningRate: __, seed: ___, ...shared } = { ...quickRun, steps: 20 };
  const space = { method: quickMethod, sizes: [2], learningRates: [0.02], inits: [quickMethod.init] };
  const before = await page.work(
    reviews,
    { ...quickRun, steps: 2 },
    {
      space: { methods: [space], seeds: [1] },
      strategy: { type: 'grid' },
      halving: null,
      shared,
    },
  );
  expect(before.runs.storage).toBe('indexeddb');
  expect(before.runs.runs).toMatchObject([{ ending: 'finished' }, { ending: 'interrupted', sweepId: 'sweep-2' }]);
  expect(before.sweeps).toMatchObject([{ id: 'sweep-2', phase: 'stopped' }]);
  await browser.page.reload();
  const { resumed, ...after } = await page.comeBack();
  expect(after).toEqual(before);
  expect(resumed).toMatchObject({ phase: 'finished', state: { runs: [{ state: { status: 'done' } }] } });
});
