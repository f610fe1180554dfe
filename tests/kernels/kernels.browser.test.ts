/** The WGSL kernels against their references, in Chromium on a software adapter. No adapter is a failure, not a skip. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Remote, TestBrowser } from '../support/browser';
import { openBrowser } from '../support/browser';
import type * as Cases from './cases.page';

let browser: TestBrowser;
let page: Remote<typeof Cases>;

beforeAll(async () => {
  browser = await openBrowser();
  page = browser.module<typeof Cases>('/tests/kernels/cases.page.ts');
});

afterAll(async () => {
  await browser?.close();
});

const tolerance = 1e-6;

describe('prefix_concat', () => {
  const shape = { heads: 3, headDim: 7, prefixLength: 5, cacheLength: 11, capacity: 16, prefixOffset: 0 };
  it.each([
    ['fills the output exactly', { batch: 1, ...shape }],
    ['repeats the prefix over a batch of 8', { batch: 8, ...shape }],
    ['takes a prefix of one token', { batch: 8, ...shape, prefixLength: 1, cacheLength: 4 }],
    ['takes a cache of one token', { batch: 1, ...shape, cacheLength: 1 }],
    ['reads the prefix at its offset', { batch: 2, ...shape, prefixOffset: 137 }],
    ['broadcasts the prefix where the cache has no time', { batch: 8, ...shape, cacheLength: 0 }],
    ['swaps the prefix in place where there is no cache', { batch: 2, ...shape, cacheLength: null, capacity: 33 }],
    ['leaves the slots before prefix and cache alone', { batch: 3, ...shape, capacity: 40 }],
    ['copies the cache where the prefix is empty', { batch: 2, ...shape, prefixLength: 0 }],
    ['takes one head of dimension one', { batch: 1, ...shape, heads: 1, headDim: 1 }],
    ['takes sizes of a real model', { batch: 4, ...shape, heads: 8, headDim: 64, cacheLength: 65, capacity: 70 }],
  ])('%s', async (_, sizes) => expect(await page.prefixConcat({ seed: 1, ...sizes })).toMatchObject({ words: 0 }));

  it.each([
    ['fills a cache of float16', { batch: 2, ...shape, headDim: 8 }],
    [
      'swaps the prefix of a cache of float16',
      { batch: 3, ...shape, headDim: 6, cacheLength: null, prefixOffset: 139 },
    ],
  ])('%s', async (_, sizes) =>
    expect(await page.prefixConcat({ seed: 5, half: true, ...sizes })).toMatchObject({ words: 0 }),
  );

  it('copies exactly for random shapes', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const sizes = randomSizes(seed);
      expect(await page.prefixConcat(sizes), JSON.stringify(sizes)).toMatchObject({ words: 0 });
    }
  });
});

describe('cache_append', () => {
  const shape = { seed: 2, heads: 3, headDim: 5, newLength: 4, capacity: 13 };
  it.each([
    ['appends one token to one row', { ...shape, newLength: 1, counts: [1] }],
    ['moves every row on by its own count', { ...shape, counts: [4, 1, 3, 2, 4, 0, 1, 2] }],
    ['takes counts beyond the new rows as all rows, and negative ones as none', { ...shape, counts: [9, -1] }],
    ['keeps the last of more tokens than there are slots', { ...shape, newLength: 9, capacity: 4, counts: [9, 6] }],
    ['takes sizes of a real model', { seed: 2, heads: 8, headDim: 64, newLength: 1, capacity: 130, counts: [1, 1] }],
  ])('%s', async (_, sizes) => expect(await page.cacheAppend(sizes)).toMatchObject({ words: 0 }));

  it('appends to a cache of float16', async () => {
    const sizes = { ...shape, half: true, headDim: 6, counts: [4, 1, 3] };
    expect(await page.cacheAppend(sizes)).toMatchObject({ words: 0 });
  });
});

describe('accumulate', () => {
  it.each([
    ['adds', { into: 1003, from: 1003 }],
    ['scales both', { into: 257, from: 257, keep: 0.9, scale: -1.5 }],
    ['starts a new sum', { into: 255, from: 255, keep: 0, scale: 0.25 }],
    ['forgets a NaN when it starts a new sum', { into: 255, from: 255, keep: 0, poisoned: true }],
    ['adds into a slice', { into: 1000, from: 77, intoOffset: 301, scale: 2 }],
    ['adds a slice', { into: 50, from: 1000, fromOffset: 901, intoOffset: 13, count: 31 }],
    ['takes a single element', { into: 1, from: 1 }],
    ['does nothing for no elements', { into: 4, from: 0 }],
  ])('%s', async (_, sizes) => {
    expect((await page.accumulate({ seed: 3, ...sizes })).relative).toBeLessThanOrEqual(tolerance);
  });

  it('goes beyond 65535 workgroups', async () => {
    const count = 65_535 * 256 + 4_321;
    const { relative } = await page.accumulate({ seed: 4, into: count, from: count, scale: 0.5 });
    expect(relative).toBeLessThanOrEqual(tolerance);
  });
});

describe('grad_norm', () => {
  it.each([1, 2, 255, 256, 257, 1023, 1024, 1025, 65_537, 4_194_305, 20_000_003])('of %i elements', async (count) => {
    expect((await page.gradNorm({ seed: 5, count })).relative).toBeLessThanOrEqual(tolerance);
  });

  it.each([1e-12, 1e12])('of elements of magnitude %f', async (scale) => {
    expect((await page.gradNorm({ seed: 6, count: 5_001, scale })).relative).toBeLessThanOrEqual(tolerance);
  });

  it.each([0, 2_500, 5_000])('is NaN if element %i is', async (index) => {
    expect(await page.gpuNorm({ seed: 7, count: 5_001, planted: [[index, Number.NaN]] })).toBeNaN();
  });

  it.each([Infinity, -Infinity])('is infinite if an element is %f', async (value) => {
    expect(await page.gpuNorm({ seed: 7, count: 70_001, planted: [[70_000, value]] })).toBe(Infinity);
  });

  it('is NaN if there are both NaN and infinity', async () => {
    const planted: [number, number][] = [
      [3, Infinity],
      [60_000, Number.NaN],
    ];
    expect(await page.gpuNorm({ seed: 7, count: 70_001, planted })).toBeNaN();
  });

  it('is infinite if the squares overflow, in an element or in their sum', async () => {
    expect(await page.gpuNorm({ seed: 7, count: 11, planted: [[3, 1e20]] })).toBe(Infinity);
    expect(await page.gpuNorm({ seed: 7, count: 100_000, scale: 1.8e19 })).toBe(Infinity);
  });
});

describe('adamw', () => {
  it.each([
    ['clips a large gradient', { count: 1_001, maxNorm: 1 }],
    ['leaves a small gradient as it is', { count: 1_001, maxNorm: 1e6 }],
    ['can do without clipping', { count: 1_001, maxNorm: Infinity, scale: 100 }],
    ['takes a gradient of zero', { count: 17, maxNorm: 1, scale: 0 }],
    ['takes one parameter', { count: 1, maxNorm: 1 }],
    ['takes many parameters', { count: 300_001, maxNorm: 1 }],
  ])('%s', async (_, sizes) => {
    const { relative } = await page.adamw({ seed: 8, steps: 7, weightDecay: 0.1, ...sizes });
    expect(relative).toBeLessThanOrEqual(tolerance);
  });

  it.each([Number.NaN, Infinity, -Infinity, 3e38])('changes nothing if a gradient is %f', async (value) => {
    expect(await page.wordsChangedBy([[600, value]])).toBe(0);
  });

  it('changes all words if the gradient is finite', async () => {
    expect(await page.wordsChangedBy([])).toBeGreaterThan(3 * 777 - 20);
  });
});

describe('the kernels together', () => {
  it('run as one batch, longer than there are slots for uniforms', async () => {
    expect((await page.batchOfSums(1_000)).relative).toBeLessThanOrEqual(tolerance);
  });

  it('allocate nothing per call and leave nothing behind', async () => {
    expect(await page.buffersMade()).toEqual({ atStart: 2, byCalls: 0, leftOver: 0 });
  });

  it('refuse a tensor on the host by name and shape', async () => {
    expect(await page.hostTensorMessage()).toMatch(/accumulate: from \[3\] is on the host/);
  });

  it('report a shader that does not compile, with its line', async () => {
    expect(await page.refusedKernelMessage()).toMatch(/DeviceError: The GPU refused kernel broken: line 2/);
  });

  it('ran in a cross-origin isolated page without an error on the console', async () => {
    expect(await browser.page.evaluate('crossOriginIsolated')).toBe(true);
    expect(browser.errors).toEqual([]);
  });
});

/** Sizes from a linear congruence, so that a failure names a case that can be run again. */
function randomSizes(seed: number): Cases.CacheCase {
  let state = seed * 7919;
  const upTo = (limit: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return 1 + (state % limit);
  };
  const prefixLength = upTo(19);
  const cacheLength = upTo(37) - 1;
  return {
    seed,
    batch: upTo(8),
    heads: upTo(5),
    headDim: upTo(33),
    prefixLength,
    cacheLength,
    capacity: prefixLength + cacheLength + upTo(9) - 1,
    prefixOffset: upTo(999),
  };
}
