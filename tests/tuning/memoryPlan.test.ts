/** The plan of a run's memory: the largest micro-batch that fits, recomputation where nothing else does, or a refusal. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pastGraft } from '../../src/autodiff';
import { DeviceError } from '../../src/errors';
import type { MemoryLimits } from '../../src/runtime';
import { type MemoryRequest, planMemory } from '../../src/tuning';
import { openTiny, randomIds, type TinyModel } from '../support/tinyModel';

const PLENTY: MemoryLimits = { budgetBytes: 2 ** 40, tensorBytes: 2 ** 40, heapBytes: 2 ** 40 };
const examples = Array.from({ length: 20 }, (_, i) => ({ tokenIds: randomIds(i, 20 + i), targetStart: 10 }));
const request: Omit<MemoryRequest, 'graft'> = {
  batchSize: 16,
  microBatchSize: 'auto',
  examples,
  scored: examples.slice(0, 4),
};

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await openTiny();
});
afterAll(() => tiny.dispose());

const prefixOf = (length: number) => pastGraft(tiny.loaded.decoder, length);
const plan = (change: Partial<MemoryRequest> = {}, limits: Partial<MemoryLimits> = {}) =>
  planMemory(tiny.loaded, { graft: prefixOf(4), ...request, ...change }, { ...PLENTY, ...limits });
/** Bytes that a run needs at least, by halving the budget's error. */
function leastBudget(fits: (budgetBytes: number) => boolean): number {
  let [low, high] = [0, 2 ** 30];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) high = middle;
    else low = middle;
  }
  return high;
}
const fitsWith = (change: Partial<MemoryRequest>, recompute: boolean) => (budgetBytes: number) => {
  try {
    return recompute || !plan(change, { budgetBytes }).recompute;
  } catch {
    return false;
  }
};

describe('a plan', () => {
  it('takes the whole batch at once where memory does not matter', () => {
    expect(plan()).toMatchObject({ microBatchSize: 16, recompute: false, scoringBatchSize: 16 });
  });

  it('halves the micro-batch as the budget falls, and only then computes layers twice', () => {
    const seen: string[] = [];
    const enough = leastBudget(fitsWith({ microBatchSize: 16 }, false));
    for (let budgetBytes = enough; ; budgetBytes -= 4096) {
      try {
        const { microBatchSize, recompute, memoryBytes } = plan({}, { budgetBytes });
        const step = `${microBatchSize}${recompute ? ' recompute' : ''}`;
        if (seen.at(-1) !== step) seen.push(step);
        expect(memoryBytes).toBeLessThanOrEqual(budgetBytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DeviceError);
        break;
      }
    }
    expect(seen.slice(0, 5)).toEqual(['16', '8', '4', '2', '1']);
    expect(seen.at(-1)).toBe('1 recompute');
  });

  it('is for the longest rows with the most supervised tokens', () => {
    const short = examples.map(({ tokenIds }) => ({ tokenIds: tokenIds.slice(0, 12), targetStart: 10 }));
    const one = plan({ examples: short }).memoryBytes;
    const long = plan({ examples: [...short, examples.at(-1) as (typeof examples)[number]] }).memoryBytes;
    expect(long).toBeGreaterThan(1.5 * one);
  });

  it('keeps to a micro-batch that was asked for, and recomputes where it would not fit otherwise', () => {
    const budgetBytes = leastBudget(fitsWith({ microBatchSize: 8 }, false));
    expect(plan({ microBatchSize: 8 }, { budgetBytes })).toMatchObject({ microBatchSize: 8, recompute: false });
    expect(plan({ microBatchSize: 8 }, { budgetBytes: budgetBytes - 1 })).toMatchObject({
      microBatchSize: 8,
      recompute: true,
    });
  });

  it('is not larger than the batch', () => {
    expect(plan({ batchSize: 3, microBatchSize: 8 }).microBatchSize).toBe(3);
    expect(plan({ batchSize: 3 }).microBatchSize).toBe(3);
  });

  it('looks at the largest tensor, and at what the heap can hold', () => {
    const { microBatchSize } = plan({}, { tensorBytes: 256 * 1024 });
    expect(microBatchSize).toBeLessThan(16);
    expect(plan({}, { heapBytes: 8e6 }).microBatchSize).toBeLessThan(16);
  });

  it('opens no session, and compiles each shape once', () => {
    const create = vi.spyOn(tiny.backend, 'createSession');
    plan({ graft: prefixOf(9) });
    expect(create).not.toHaveBeenCalled();
    const shape = { batch: 16, tokens: 40, rows: 128 };
    const cost = () => tiny.loaded.trainingCost(prefixOf(9), { ...shape });
    expect(cost()).toBe(cost());
    create.mockRestore();
  });
});

describe('a run that cannot fit', () => {
  it('says how much is needed, how much there is, and what to lower', () => {
    const least = leastBudget(fitsWith({}, true));
    const attempt = () => plan({}, { budgetBytes: least / 2 });
    expect(attempt).toThrow(
      /one row of 39 tokens and 4 virtual ones it takes about [\d,]+ MiB of memory, and the budget is [\d,]+ MiB/,
    );
    expect(attempt).toThrow(expect.objectContaining({ outOfMemory: true, hint: expect.stringContaining('dtype') }));
  });

  it('names a tensor that the device refuses, and a micro-batch that was asked for', () => {
    expect(() => plan({}, { tensorBytes: 1024 })).toThrow(
      /has a tensor of [\d.]+ MB, and this device takes [\d.]+ MB in one piece/,
    );
    const attempt = () => plan({ microBatchSize: 8 }, { heapBytes: 1000 });
    expect(attempt).toThrow(/with micro-batches of 8 rows of 39 tokens .* wasm reaches/);
    expect(attempt).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('Let the micro-batch be chosen') }),
    );
  });
});
