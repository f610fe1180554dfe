/** The truth for adamw.wgsl, and what runs on wasm. Arguments are already checked; moments are kept in f32. */
import type { AdamW } from './types';

/** What one update needs of the hyperparameters, computed in f64 once for both devices. */
export interface AdamWFactors {
  /** 1 − lr · weightDecay. */
  decay: number;
  /** lr / (1 − beta1^step). */
  stepSize: number;
  /** √(1 − beta2^step). */
  correction: number;
  oneMinusBeta1: number;
  beta2: number;
  oneMinusBeta2: number;
  epsilon: number;
  /** 0 where clipping is off. */
  maxNorm: number;
}

export function adamwFactors(args: AdamW): AdamWFactors {
  const { step, learningRate, beta1, beta2, epsilon, weightDecay, maxNorm } = args;
  return {
    decay: 1 - learningRate * weightDecay,
    stepSize: learningRate / (1 - beta1 ** step),
    correction: Math.sqrt(1 - beta2 ** step),
    oneMinusBeta1: 1 - beta1,
    beta2,
    oneMinusBeta2: 1 - beta2,
    epsilon,
    maxNorm: Number.isFinite(maxNorm) ? maxNorm : 0,
  };
}

export function adamwReference(
  factors: AdamWFactors,
  parameters: Float32Array,
  gradient: Float32Array,
  m: Float32Array,
  v: Float32Array,
  norm: number,
): void {
  if (!Number.isFinite(norm)) return;
  const { decay, stepSize, correction, oneMinusBeta1, beta2, oneMinusBeta2, epsilon, maxNorm } = factors;
  const clip = maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
  for (let i = 0; i < parameters.length; i++) {
    const g = clip * (gradient[i] ?? 0);
    const mi = (m[i] ?? 0) + oneMinusBeta1 * (g - (m[i] ?? 0));
    const vi = beta2 * (v[i] ?? 0) + oneMinusBeta2 * g * g;
    m[i] = mi;
    v[i] = vi;
    parameters[i] = decay * (parameters[i] ?? 0) - (stepSize * mi) / (Math.sqrt(vi) / correction + epsilon);
  }
}
