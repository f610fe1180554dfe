/** The truth for cache_append.wgsl, and what runs on wasm. Arguments are already checked. */
import type { CacheAppendSizes } from './checks';

/** rows `[batch, heads, T, headDim]`, cache `[batch, heads, C, headDim]`, lengths and counts `[batch]`. */
export function cacheAppendReference<A extends Float32Array | Uint16Array>(
  sizes: CacheAppendSizes,
  rows: A,
  cache: A,
  lengths: Int32Array,
  counts: Int32Array,
): void {
  const { batch, heads, newLength, capacity, headDim } = sizes;
  for (let row = 0; row < batch * heads; row++) {
    const b = Math.floor(row / heads);
    const count = Math.min(counts[b] ?? 0, newLength);
    for (let t = 0; t < count; t++) {
      const slot = (lengths[b] ?? 0) + t;
      if (slot < 0 || slot >= capacity) continue;
      const from = (row * newLength + t) * headDim;
      cache.set(rows.subarray(from, from + headDim), (row * capacity + slot) * headDim);
    }
  }
}
