/** The truth for prefix_concat.wgsl, and what runs on wasm. Arguments are already checked. */
import type { PrefixConcatSizes } from './checks';

/**
 * prefix (flat), cache `[batch, heads, T, headDim]`, out `[batch, heads, C, headDim]`; all of one type, so that for a cache
 * of float16 the prefix comes as float16 already.
 */
export function prefixConcatReference<A extends Float32Array | Uint16Array>(
  sizes: PrefixConcatSizes,
  prefix: A,
  cache: A | undefined,
  out: A,
): void {
  const { batch, heads, prefixLength, cacheLength, capacity, headDim, prefixOffset } = sizes;
  for (let row = 0; row < batch * heads; row++) {
    const head = row % heads;
    const target = ((row + 1) * capacity - prefixLength - cacheLength) * headDim;
    const block = prefixOffset + head * prefixLength * headDim;
    out.set(prefix.subarray(block, block + prefixLength * headDim), target);
    if (cache && cacheLength > 0) {
      const rows = cache.subarray(row * cacheLength * headDim, (row + 1) * cacheLength * headDim);
      out.set(rows, target + prefixLength * headDim);
    }
  }
}
