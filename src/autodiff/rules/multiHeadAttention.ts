/**
 * The other fused attentions: MultiHeadAttention and Attention of ONNX Runtime, Attention of ai.onnx. Where one is causal
 * or has a past, the decoder around it says what it may see (padding and empty slots are not); a mask of the graph's own
 * counts besides, since not every graph makes it from the attention mask.
 */
import { ModelError } from '../../errors';
import { floatOf, intOf, intsOf } from '../attributes';
import { MICROSOFT, type Ops } from '../ops';
import { dimAt } from '../shapes';
import type { LowerContext, RuleTable, Value } from '../types';
import { attend, maskBias, withPast } from './attend';

type Optional = Value | null | undefined;

const nameOf = ({ node }: LowerContext) => node.name || (node.outputs[0] as string);

function refuse(context: LowerContext, what: string): never {
  throw new ModelError(
    `${context.node.opType} with ${what} is not supported yet.`,
    { node: nameOf(context) },
    'Try another export of this model.',
  );
}

/** [batch, time, parts, …] as its parts, each without that axis. */
function unpack(ops: Ops, x: Value, axis: number, parts: number): Value[] {
  const rest = x.dims.filter((_, i) => i !== axis);
  return ops.split(x, axis, new Array<number>(parts).fill(1)).map((part) => ops.reshape(part, rest));
}

interface Projected {
  /** [batch, heads, time, headDim] */
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

/** From 3-D operands, or packed [batch, time, heads, 2 or 3, headDim], or keys that stand in heads already. */
function projected(context: LowerContext, heads: number): Projected {
  const { ops, inputs } = context;
  const [query, key, value, bias] = inputs as [Value, Optional, Optional, Optional];
  const toFront = (x: Value) => ops.transpose(x, [0, 2, 1, 3]);
  const inHeads = (x: Value) => (x.dims.length === 4 ? x : ops.splitHeads(x, heads));
  const parts = (): [Value, Value, Value] => {
    if (!key) return unpack(ops, query, 3, 3).map(toFront) as [Value, Value, Value];
    if (value) return [inHeads(query), inHeads(key), inHeads(value)];
    const [k, v] = unpack(ops, key, 3, 2).map(toFront) as [Value, Value];
    return [inHeads(query), k, v];
  };
  const [q, k, v] = parts();
  if (!bias) return { q, k, v };
  const widths = [q, k, v].map((x) => heads * dimAt(x.dims, -1));
  const biases = ops.split(bias, 0, widths).map((part) => ops.reshape(part, [1, heads, 1, -1]));
  return {
    q: ops.add(q, biases[0] as Value),
    k: ops.add(k, biases[1] as Value),
    v: ops.add(v, biases[2] as Value),
  };
}

/** A mask [batch, keys] or [batch, time, keys] as a bias; other forms say lengths only, which the decoder knows better. */
function paddingBias(context: LowerContext, mask: Optional, causal: boolean): Value[] {
  const { ops, node } = context;
  if (!mask) return [];
  const filter = floatOf(node.attributes, 'mask_filter_value', -10000);
  const [batch, time, keys] = mask.dims as [number, number, number?];
  if (mask.dims.length === 2) return [maskBias(ops, ops.reshape(mask, [batch, 1, 1, time]), filter)];
  if (mask.dims.length === 3) return [maskBias(ops, ops.reshape(mask, [batch, 1, time, keys as number]), filter)];
  return causal ? [] : refuse(context, 'a mask given as lengths');
}

function lowerMultiHeadAttention(context: LowerContext): (Value | null)[] {
  const { ops, node, inputs, decoder } = context;
  const [, , , , paddingMask, bias, pastKey, pastValue, pastLength] = inputs as Optional[];
  if (pastLength) refuse(context, 'a past in a shared buffer');
  const heads = intOf(node.attributes, 'num_heads', 0);
  const causal = intOf(node.attributes, 'unidirectional', 0) !== 0;
  const { q, k, v } = projected(context, heads);
  const keys = withPast(ops, pastKey, k);
  const values = withPast(ops, pastValue, v);
  const { output, raw } = attend(ops, q, keys, values, {
    scale: floatOf(node.attributes, 'scale', 0) || 1 / Math.sqrt(dimAt(q.dims, -1)),
    biases: [
      ...(bias ? [bias] : []),
      ...paddingBias(context, paddingMask, causal),
      ...(causal || pastKey ? [decoder.attentionBias(null)] : []),
    ],
  });
  return [ops.mergeHeads(output), keys, values, raw];
}

/** input · weights + bias gives q, k and v; past and present hold keys and values one after the other. */
function lowerPackedAttention(context: LowerContext): (Value | null)[] {
  const { ops, node, inputs, decoder } = context;
  const [x, weights, bias, mask, past, attentionBias, pastLength] = inputs as [Value, Value, ...Optional[]];
  if (pastLength) refuse(context, 'a past in a shared buffer');
  if (intOf(node.attributes, 'do_rotary', 0) !== 0) refuse(context, 'rotation inside');
  const heads = intOf(node.attributes, 'num_heads', 0);
  const causal = intOf(node.attributes, 'unidirectional', 0) !== 0;
  const width = dimAt(weights.dims, 1);
  const widths = intsOf(node.attributes, 'qkv_hidden_sizes') ?? [width / 3, width / 3, width / 3];
  const product = ops.linear(x, weights, false);
  const [q, k, v] = ops
    .split(bias ? ops.add(product, bias) : product, -1, widths)
    .map((part) => ops.splitHeads(part, heads)) as [Value, Value, Value];
  const [pastKey, pastValue] = past ? unpack(ops, past, 0, 2) : [];
  const keys = withPast(ops, pastKey, k);
  const values = withPast(ops, pastValue, v);
  const { output } = attend(ops, q, keys, values, {
    scale: floatOf(node.attributes, 'scale', 0) || 1 / Math.sqrt(dimAt(q.dims, -1)),
    biases: [
      ...(attentionBias ? [attentionBias] : []),
      ...paddingBias(context, mask, causal),
      ...(causal || past ? [decoder.attentionBias(null)] : []),
    ],
  });
  const present = () =>
    ops.concat(
      [keys, values].map((part) => ops.reshape(part, [1, ...part.dims])),
      0,
    );
  return [ops.mergeHeads(output), node.outputs[1] ? present() : null];
}

/** A mask of true and false, or of numbers to add; keys beyond its width are not seen. */
function standardBias(ops: Ops, mask: Value, keys: number): Value {
  const bias = mask.dataType === 'bool' ? maskBias(ops, mask) : mask;
  const missing = keys - dimAt(bias.dims, -1);
  if (missing <= 0) return bias;
  const wall = ops.expand(ops.scalar(-1e9), [...bias.dims.slice(0, -1), missing]);
  return ops.concat([bias, wall], bias.dims.length - 1);
}

function lowerStandardAttention(context: LowerContext): (Value | null)[] {
  const { ops, node, inputs, decoder } = context;
  const [query, key, value, mask, pastKey, pastValue, lengths] = inputs as [Value, Value, Value, ...Optional[]];
  if (lengths) refuse(context, 'lengths of unpadded keys (nonpad_kv_seqlen)');
  const flat = query.dims.length === 3;
  const inHeads = (x: Value, count: string) =>
    x.dims.length === 4 ? x : ops.splitHeads(x, intOf(node.attributes, count, 0));
  const q = inHeads(query, 'q_num_heads');
  const keys = withPast(ops, pastKey, inHeads(key, 'kv_num_heads'));
  const values = withPast(ops, pastValue, inHeads(value, 'kv_num_heads'));
  const left = intOf(node.attributes, 'left_window_size', -1);
  const right = intOf(node.attributes, 'right_window_size', -1);
  const causal = intOf(node.attributes, 'is_causal', 0) !== 0 || right === 0;
  if (right > 0 || (left >= 0 && !causal)) refuse(context, 'a window that looks ahead');
  const { output, raw, capped, biased, weights } = attend(ops, q, keys, values, {
    scale: floatOf(node.attributes, 'scale', 0) || 1 / Math.sqrt(dimAt(q.dims, -1)),
    softcap: floatOf(node.attributes, 'softcap', 0),
    biases: [
      ...(mask ? [standardBias(ops, mask, dimAt(keys.dims, 2))] : []),
      ...(causal || pastKey ? [decoder.attentionBias(left >= 0 ? left + 1 : null)] : []),
    ],
  });
  const scores = [raw, capped, biased, weights][intOf(node.attributes, 'qk_matmul_output_mode', 0)] ?? null;
  return [flat ? ops.mergeHeads(output) : output, keys, values, scores];
}

export const multiHeadAttention: RuleTable = {
  [`${MICROSOFT}.MultiHeadAttention`]: { lower: lowerMultiHeadAttention },
  [`${MICROSOFT}.Attention`]: { lower: lowerPackedAttention },
  Attention: { lower: lowerStandardAttention },
};
