/** The truth for grad_norm.wgsl, and what runs on wasm. Arguments are already checked. */

/** Sums in f64; the sum itself is rounded to f32, so that it overflows to infinity where the f32 kernel does. */
export function gradNormReference(gradient: Float32Array, norm: Float32Array): void {
  let sum = 0;
  for (const value of gradient) sum += value * value;
  norm[0] = Math.sqrt(Math.fround(sum));
}
