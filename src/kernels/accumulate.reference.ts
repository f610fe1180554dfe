/** The truth for accumulate.wgsl, and what runs on wasm. Arguments are already checked. */
import type { AccumulateSizes } from './checks';

export function accumulateReference(
  { count, intoOffset, fromOffset }: AccumulateSizes,
  into: Float32Array,
  from: Float32Array,
  keep: number,
  scale: number,
): void {
  for (let i = 0; i < count; i++) {
    const before = keep === 0 ? 0 : keep * (into[intoOffset + i] ?? 0);
    into[intoOffset + i] = before + scale * (from[fromOffset + i] ?? 0);
  }
}
