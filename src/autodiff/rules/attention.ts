/**
 * Attention with rotary position embeddings (Su et al. 2021) and grouped heads (Ainslie et al. 2023), opened into matrix
 * products and a softmax, so that its gradient is theirs and batches with a past work on every device.
 */
import { ModelError } from '../../errors';
import { float, floatOf, int, intOf } from '../attributes';
import { MICROSOFT, type Ops } from '../ops';
import { dimAt } from '../shapes';
import type { LowerContext, RuleTable, Value } from '../types';
import { rmsNorm } from './normalise';

/** Rotates pairs of the last axis of [batch, heads, time, headDim] by the angles of the positions. */
function rotate(ops: Ops, x: Value, positions: Value, cos: Value, sin: Value, interleaved: number): Value {
  const rotated = 2 * dimAt(cos.dims, 1);
  const partial = rotated < dimAt(x.dims, -1);
  return ops.emit(
    'RotaryEmbedding',
    [x, positions, cos, sin],
    {
      interleaved: int(interleaved),
      num_heads: int(partial ? dimAt(x.dims, 1) : 0),
      rotary_embedding_dim: int(partial ? rotated : 0),
    },
    { domain: MICROSOFT },
  );
}

export interface AttentionOptions {
  readonly scale: number;
  /** Scores become c · tanh(scores / c); 0 is off. */
  readonly softcap: number;
  /** [batch or 1, 1, time, keys], added to the scores. */
  readonly bias: Value;
}

/**
 * softmax(scale · q · kᵀ + bias) · v for q [batch, heads, time, d] and k, v [batch, kvHeads, keys, d]: the heads that
 * share a key are rows of one product, so keys and values are never repeated. @returns [batch, heads, time, d]
 */
function attend(ops: Ops, q: Value, k: Value, v: Value, { scale, softcap, bias }: AttentionOptions): Value {
  const [batch, heads, time, headDim] = q.dims as [number, number, number, number];
  const [, kvHeads, keys] = k.dims as [number, number, number];
  const rows = (heads / kvHeads) * time;
  const grouped = ops.reshape(q, [batch, kvHeads, rows, headDim]);
  const raw = ops.matmul(grouped, k, { transB: true, alpha: scale });
  const capped = softcap > 0 ? ops.scale(ops.tanh(ops.scale(raw, 1 / softcap)), softcap) : raw;
  const scores = ops.add(ops.reshape(capped, [batch, heads, time, keys]), bias);
  const weights = ops.reshape(ops.softmax(scores), [batch, kvHeads, rows, keys]);
  return ops.reshape(ops.matmul(weights, v), [batch, heads, time, dimAt(v.dims, -1)]);
}

/** Input slots of GroupQueryAttention that Prelude does not read, and what they are. */
const UNREAD: Readonly<Record<number, string>> = {
  10: 'an attention bias',
  11: 'an attention sink',
  12: 'a quantised key cache',
  13: 'a quantised value cache',
};

function lowerGroupQueryAttention({ ops, node, inputs, decoder }: LowerContext): Value[] {
  const [query, key, value, pastKey, pastValue, , , cos, sin] = inputs as (Value | null | undefined)[];
  const [qNorm, kNorm] = [inputs[14], inputs[15]];
  const name = node.name || (node.outputs[0] as string);
  for (const [slot, what] of Object.entries(UNREAD)) {
    if (inputs[Number(slot)])
      throw new ModelError(`GroupQueryAttention with ${what} is not supported yet.`, { node: name });
  }
  const attribute = (key: string, fallback: number) => intOf(node.attributes, key, fallback);
  const heads = attribute('num_heads', 0);
  const kvHeads = attribute('kv_num_heads', 0);
  const packed = !key;
  const headDim = dimAt((query as Value).dims, -1) / (packed ? heads + 2 * kvHeads : heads);
  const [q3, k3, v3] = packed
    ? ops.split(query as Value, -1, [heads * headDim, kvHeads * headDim, kvHeads * headDim])
    : [query, key, value];
  const epsilon = floatOf(node.attributes, 'qk_norm_epsilon', 1e-6);
  const prepare = (x: Value, count: number, norm: Value | null | undefined): Value => {
    const split = ops.splitHeads(x, count);
    const normed = norm ? rmsNorm(ops, split, norm, epsilon) : split;
    if (attribute('do_rotary', 0) === 0) return normed;
    return rotate(ops, normed, decoder.positions, cos as Value, sin as Value, attribute('rotary_interleaved', 0));
  };
  const q = prepare(q3 as Value, heads, qNorm);
  const k = prepare(k3 as Value, kvHeads, kNorm);
  const keys = pastKey ? ops.concat([pastKey, k], 2) : k;
  const newValues = ops.splitHeads(v3 as Value, kvHeads);
  const values = pastValue ? ops.concat([pastValue, newValues], 2) : newValues;
  const window = attribute('local_window_size', -1);
  const attended = attend(ops, q, keys, values, {
    scale: floatOf(node.attributes, 'scale', 0) || 1 / Math.sqrt(headDim),
    softcap: floatOf(node.attributes, 'softcap', 0),
    bias: decoder.attentionBias(window > 0 ? window : null),
  });
  return [ops.mergeHeads(attended), keys, values];
}

export const attention: RuleTable = {
  [`${MICROSOFT}.GroupQueryAttention`]: { lower: lowerGroupQueryAttention },
  /** A rotation by the angle of the position; its transpose is the rotation back:  dx = rotate(dy, −sin) */
  [`${MICROSOFT}.RotaryEmbedding`]: {
    infer: ({ inputs }) => [inputs[0] as Value],
    lower: ({ ops, node, inputs }) => {
      const { interleaved, num_heads: heads, rotary_embedding_dim: rotated } = node.attributes;
      const attributes = {
        interleaved: interleaved ?? int(0),
        num_heads: heads ?? int(0),
        rotary_embedding_dim: rotated ?? int(0),
        scale: float(floatOf(node.attributes, 'scale', 1)),
      };
      return [ops.emit('RotaryEmbedding', inputs, attributes, { domain: MICROSOFT })];
    },
    vjp: ({ ops, node, input: [, positions, cos, sin], grad: [dy] }) => {
      if (!dy) return [null, null, null, null];
      const back = [dy, positions as Value, cos as Value, ops.neg(sin as Value)];
      return [ops.emit('RotaryEmbedding', back, node.attributes, { domain: MICROSOFT }), null, null, null];
    },
  },
};
