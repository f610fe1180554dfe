/** Seeded numbers for tests: the same on every machine and in every run. */

/** Mulberry32: uniform in [0, 1). */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Multiples of 2⁻¹⁰ in [low, high): steps of a power of two from them are exact in float32. */
export function randomGrid(random: () => number, count: number, low: number, high: number): Float32Array {
  return Float32Array.from({ length: count }, () => Math.round((low + random() * (high - low)) * 1024) / 1024);
}
