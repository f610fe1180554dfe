/** Choosing the next token from logits: greedy, or nucleus sampling (Holtzman et al. 2020) at a temperature. */
import type { Random } from '../tuning';

export interface Sampling {
  /** 0 is greedy. */
  readonly temperature: number;
  /** Keep the most likely tokens that together reach this probability, 0..1. */
  readonly topP: number;
}

export function sample(logits: Float32Array, { temperature, topP }: Sampling, random: Random): number {
  const best = argMax(logits);
  if (temperature <= 0) return best;
  const top = logits[best] as number;
  const weights = logits.map((logit) => Math.exp((logit - top) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const nucleus = topP < 1 ? nucleusOf(weights, topP * total) : Uint32Array.from(weights, (_, i) => i);
  const mass = nucleus.reduce((sum, i) => sum + (weights[i] as number), 0);
  let rest = random.uniform() * mass;
  for (const i of nucleus) {
    rest -= weights[i] as number;
    if (rest <= 0) return i;
  }
  return best;
}

/** Indices of the heaviest weights that together reach `mass`; at least one. */
function nucleusOf(weights: Float32Array, mass: number): Uint32Array {
  const order = Uint32Array.from(weights, (_, i) => i).sort((a, b) => (weights[b] as number) - (weights[a] as number));
  let sum = 0;
  const end = order.findIndex((i) => {
    sum += weights[i] as number;
    return sum >= mass;
  });
  return end === -1 ? order : order.subarray(0, end + 1);
}

/** The first of the largest. */
export function argMax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if ((logits[i] as number) > (logits[best] as number)) best = i;
  return best;
}
