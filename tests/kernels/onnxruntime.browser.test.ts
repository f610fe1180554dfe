/** What src/kernels/dispatch.ts says of working on one queue with ONNX Runtime, checked on ONNX Runtime itself. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Remote, TestBrowser } from '../support/browser';
import { openBrowser } from '../support/browser';
import type * as OnnxRuntime from './onnxruntime.page';

let browser: TestBrowser;
let page: Remote<typeof OnnxRuntime>;

beforeAll(async () => {
  browser = await openBrowser();
  page = browser.module<typeof OnnxRuntime>('/tests/kernels/onnxruntime.page.ts');
});

afterAll(async () => {
  await browser?.close();
});

it.each([
  ['a buffer of ours', true],
  ['a buffer of its own, given back at once', false],
])('kernels and graphs take turns without waiting, the graph writing to %s', async (_, into) => {
  const { sum, expected, elementsThatDiffer, submitsByRun, submitsLate } = await page.interplay(12, into);
  expect({ sum, elementsThatDiffer }).toEqual({ sum: expected, elementsThatDiffer: 0 });
  expect(submitsByRun).toBeGreaterThan(1);
  expect(submitsLate).toBe(0);
});
