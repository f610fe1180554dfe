/**
 * Attention over heads (Vaswani et al. 2017; grouped heads: Ainslie et al. 2023) as matrix products and a softmax, so that
 * its gradient is theirs and batches with a past work on every device. The fused operators open into this.
 */
import type { Ops } from '../ops';
import { dimAt } from '../shapes';
import type { Value } from '../types';

export interface AttentionOptions {
  readonly scale: number;
  /** Scores become c · tanh(scores / c); 0 is off. */
  readonly softcap?: number;
  /** Added to the scores [batch, heads, time, keys]; each broadcasts to them. */
  readonly biases: readonly Value[];
  /** One more logit per head, [heads] or [1], which takes its share of the softmax and gives nothing (Xiao et al. 2023). */
  readonly sink?: Value | null;
}

export interface Attended {
  /** [batch, heads, time, d of v] */
  readonly output: Value;
  /** [batch, heads, time, keys], in the order in which they follow from one another. */
  readonly raw: Value;
  readonly capped: Value;
  readonly biased: Value;
  readonly weights: Value;
}

/** Scores of −1e9 and of −∞ both vanish in the softmax; of the two only the first gives no NaN in a row of nothing else. */
const MASKED = -1e9;

/** float32, 0 where the mask is true and far below any score elsewhere. */
export const maskBias = (ops: Ops, mask: Value, filter = MASKED): Value => {
  const visible = mask.dataType === 'bool' ? mask : ops.cast(mask, 'bool');
  return ops.where(visible, ops.scalar(0), ops.scalar(filter));
};

function softmaxWithSink(ops: Ops, scores: Value, sink: Value): Value {
  const [batch, heads, time, keys] = scores.dims as [number, number, number, number];
  const column = ops.expand(ops.reshape(sink, [1, -1, 1, 1]), [batch, heads, time, 1]);
  return ops.slice(ops.softmax(ops.concat([scores, column], 3)), 3, 0, keys);
}

/**
 * softmax(scale · q · kᵀ + bias) · v for q [batch, heads, time, d] and k, v [batch, kvHeads, keys, d]: the heads that
 * share a key are rows of one product, so keys and values are never repeated.
 */
export function attend(ops: Ops, q: Value, k: Value, v: Value, options: AttentionOptions): Attended {
  const { scale, softcap = 0, biases, sink } = options;
  const [batch, heads, time, headDim] = q.dims as [number, number, number, number];
  const [, kvHeads, keys] = k.dims as [number, number, number];
  if (heads % kvHeads !== 0) throw new RangeError(`${heads} heads over ${kvHeads} key-value heads`);
  const rows = (heads / kvHeads) * time;
  const grouped = ops.reshape(q, [batch, kvHeads, rows, headDim]);
  const product = ops.matmul(grouped, k, { transB: true, alpha: scale });
  const cappedProduct = softcap > 0 ? ops.scale(ops.tanh(ops.scale(product, 1 / softcap)), softcap) : product;
  const [raw, capped] = [product, cappedProduct].map((x) => ops.reshape(x, [batch, heads, time, keys])) as [
    Value,
    Value,
  ];
  // Summed first: masks are known or small, scores are neither.
  const biased = biases.length > 0 ? ops.add(capped, biases.reduce(ops.add)) : capped;
  const weights = sink ? softmaxWithSink(ops, biased, sink) : ops.softmax(biased);
  const mixed = ops.matmul(ops.reshape(weights, [batch, kvHeads, rows, keys]), v);
  const output = ops.reshape(mixed, [batch, heads, time, dimAt(v.dims, -1)]);
  return { output, raw, capped, biased, weights };
}

/** The past in front of the new keys or values, along the time axis of [batch, heads, time, d]. */
export const withPast = (ops: Ops, past: Value | null | undefined, fresh: Value): Value =>
  past ? ops.concat([past, fresh], 2) : fresh;
