/** The truth for cache_append.wgsl, and what runs on wasm. Arguments are already checked. */
import type { CacheAppendSizes } from './checks';

/** rows `[batch, heads, T, headDim]`, cache and out `[batch, heads, C, headDim]`, counts `[batch]`. */
export function cacheAppendReference<A extends Float32Array | Uint16Array>(
  { batch, heads, newLength, capacity, headDim }: CacheAppendSizes,
  rows: A,
  cache: A,
  counts: Int32Array,
  out: A,
): void {
  for (let row = 0; row < batch * heads; row++) {
    const count = Math.max(0, Math.min(counts[Math.floor(row / heads)] ?? 0, newLength));
    const kept = Math.max(0, capacity - count);
    const start = row * capacity;
    out.set(cache.subarray((start + capacity - kept) * headDim, (start + capacity) * headDim), start * headDim);
    // Of more new rows than there are slots, the last.
    const added = rows.subarray(
      (row * newLength + count - (capacity - kept)) * headDim,
      (row * newLength + count) * headDim,
    );
    out.set(added, (start + kept) * headDim);
  }
}
