/** Loading a model larger than its largest tensor several times over, in a real Chromium. */
import { expect, it } from 'vitest';
import { HEAP_LIMIT_RATIO, loadingHeapRatio } from '../../src/cli/bench/loadingHeap';

it('holds at most twice the largest tensor, and 64 MiB', async () => {
  const ratio = await loadingHeapRatio();
  // The largest tensor is whole at some time: less would mean that nothing was seen of it.
  expect(ratio).toBeGreaterThan(1);
  expect(ratio).toBeLessThanOrEqual(HEAP_LIMIT_RATIO);
});
