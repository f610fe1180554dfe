/** What a real Chromium keeps when the page is loaded anew. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBrowser, type Remote, type TestBrowser } from '../../support/browser';
import { CURVE, keptAdapter, keptRun, REVIEWS } from '../../support/keptRun';

let browser: TestBrowser;
let page: Remote<typeof import('./store.page')>;
beforeAll(async () => {
  browser = await openBrowser();
  page = browser.module<typeof import('./store.page')>('/tests/worker/store/store.page.ts');
});
afterAll(() => browser?.close());

it('runs, curves, adapters and datasets outlive the page, and a run that was under way is interrupted', async () => {
  const live = keptRun('live', { begun: 2_000, ending: null });
  expect(await page.keep()).toEqual({ runs: [keptRun('ended'), live], warnings: [], storage: 'indexeddb' });
  await browser.page.reload();
  expect(await page.kept()).toEqual({
    listing: {
      runs: [
        keptRun('ended'),
        { ...live, ending: 'interrupted', message: 'The page was closed at step 3, before the run had ended.' },
      ],
      warnings: [],
      storage: 'indexeddb',
    },
    curve: CURVE,
    dataset: REVIEWS,
    adapters: [keptAdapter('adapter', { runId: 'ended' })],
    weights: [300_000, 7],
  });
  expect(await page.forget()).toEqual([[], [], null]);
});
