/**
 * GroupQueryAttention, the attention of ONNX Runtime's model builder: rotation, norms of queries and keys, a window and a
 * sink all inside one operator. Where it may look follows from the decoder around it, not from its two lengths.
 */
import { ModelError } from '../../errors';
import { floatOf, intOf } from '../attributes';
import { MICROSOFT } from '../ops';
import { dimAt } from '../shapes';
import type { LowerContext, RuleTable, Value } from '../types';
import { attend, withPast } from './attend';
import { rmsNorm } from './normalise';
import { rotate } from './rotary';

/** Input slots that Prelude does not read, and what they are. */
const UNREAD: Readonly<Record<number, string>> = { 12: 'a quantised key cache', 13: 'a quantised value cache' };

function lowerGroupQueryAttention({ ops, node, inputs, decoder }: LowerContext): (Value | null)[] {
  const [query, key, value, pastKey, pastValue, , , cos, sin, positions, bias, headSink] = inputs as (
    | Value
    | null
    | undefined
  )[];
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
    const at = positions ?? decoder.positions;
    return rotate(ops, normed, at, cos as Value, sin as Value, attribute('rotary_interleaved', 0));
  };
  const q = prepare(q3 as Value, heads, qNorm);
  const keys = withPast(ops, pastKey, prepare(k3 as Value, kvHeads, kNorm));
  const values = withPast(ops, pastValue, ops.splitHeads(v3 as Value, kvHeads));
  const window = attribute('local_window_size', -1);
  const visible = decoder.attentionBias(window > 0 ? window : null);
  const { output } = attend(ops, q, keys, values, {
    scale: floatOf(node.attributes, 'scale', 0) || 1 / Math.sqrt(headDim),
    softcap: floatOf(node.attributes, 'softcap', 0),
    biases: bias ? [bias, visible] : [visible],
    sink: headSink ?? (attribute('smooth_softmax', 0) > 0 ? ops.builder.literal('float32', [1], [0]) : null),
  });
  return [ops.mergeHeads(output), keys, values];
}

export const attention: RuleTable = {
  [`${MICROSOFT}.GroupQueryAttention`]: { lower: lowerGroupQueryAttention },
};
