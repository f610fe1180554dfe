/**
 * The graphs Prelude runs, made from a decoder: one that goes forward (generation, evaluation, encoding a text) and one
 * that also returns the gradient of the loss. Both have static shapes; a runtime keeps one session per shape.
 */
import { GraphBuilder } from './builder';
import { type CompiledGraph, compile } from './compiled';
import type { Decoder } from './decoder';
import { type AttentionLayout, decoderContext, denseLayout, raggedLayout } from './decoderContext';
import { differentiate } from './differentiate';
import { Ops } from './ops';
import { prefixReaching } from './reach';
import { selectRows } from './selectRows';
import { sizeOf } from './shapes';
import { specialise } from './specialise';
import type { CompileTarget, Value } from './types';

export interface ForwardShape {
  readonly batch: number;
  /** New tokens per row. */
  readonly tokens: number;
  /** Slots of the cache in front of them: the prefix, or a generation's capacity. */
  readonly cache: number;
  /** Rows (batch · tokens + t) whose logits are wanted; null: all of them. */
  readonly rows: number | null;
  /** `dense`: every slot counts. `ragged`: inputs `attention_mask` and `position_ids` say which, row by row. */
  readonly layout: 'dense' | 'ragged';
  /** `logits`; or per chosen row the `token_loss` of its label in nats and whether the model `predicted` it. */
  readonly head: 'logits' | 'losses' | 'none';
  /** Return the new keys and values of every layer as `new.{layer}.key|value` [batch, kvHeads, tokens, headDim]. */
  readonly newKeyValues: boolean;
}

export interface TrainingShape {
  readonly batch: number;
  readonly tokens: number;
  readonly prefix: number;
  /** Supervised rows. */
  readonly rows: number;
  /** Compute a layer's values again in the backward part instead of keeping them; default false. Adds the input `zero`. */
  readonly recompute?: boolean;
}

/** Names of our graphs' inputs and outputs. */
export const names = {
  trainable: 'trainable',
  ids: 'input_ids',
  mask: 'attention_mask',
  positions: 'position_ids',
  rows: 'rows',
  labels: 'labels',
  weights: 'label_weights',
  /** [1], always 0; see `RecomputeOptions`. */
  zero: 'zero',
  loss: 'loss',
  gradient: 'gradient',
  logits: 'logits',
  tokenLoss: 'token_loss',
  predicted: 'predicted',
  cache: (layer: number, what: 'key' | 'value') => `cache.${layer}.${what}`,
  fresh: (layer: number, what: 'key' | 'value') => `new.${layer}.${what}`,
} as const;

/** Element type of the cache that forward graphs read, and of the new rows they return for it. */
export const cacheType = ({ float16Cache }: CompileTarget): 'float16' | 'float32' =>
  float16Cache ? 'float16' : 'float32';

/** Elements of a prefix of length P: layers · 2 · kvHeads · P · headDim. */
export const prefixSize = (decoder: Decoder, length: number): number =>
  decoder.layers.reduce((sum, { kvHeads, headDim }) => sum + 2 * kvHeads * length * headDim, 0);

/** Feeds of the decoder's own inputs but the past: ids, mask and positions. */
function textFeeds(ops: Ops, decoder: Decoder, layout: AttentionLayout, mask: Value, batch: number, tokens: number) {
  const ids = ops.builder.input(names.ids, 'int64', [batch, tokens]);
  const feeds = new Map<string, Value>([[decoder.inputIds, ids]]);
  if (decoder.attentionMask) feeds.set(decoder.attentionMask, mask);
  if (decoder.positionIds) feeds.set(decoder.positionIds, layout.positions);
  if (decoder.useCacheBranch) feeds.set(decoder.useCacheBranch, ops.builder.literal('bool', [1], [1]));
  if (decoder.logitsToKeep) feeds.set(decoder.logitsToKeep, ops.scalar(0, 'int64'));
  return feeds;
}

const fullMask = (ops: Ops, batch: number, width: number): Value =>
  ops.builder.literal('int64', [batch, width], new Uint8Array(batch * width).fill(1));

/** The trainable vector [layers · 2 · kvHeads · P · headDim] as every layer's past, one copy per row of the batch. */
function graftPrefix(ops: Ops, decoder: Decoder, trainable: Value, batch: number, length: number) {
  const shapes = decoder.layers.flatMap(({ kvHeads, headDim }) => {
    const dims = [1, kvHeads, length, headDim];
    return [dims, dims];
  });
  const parts = ops.split(trainable, 0, shapes.map(sizeOf));
  return decoder.layers.flatMap((layer, i) => {
    const past = [parts[2 * i], parts[2 * i + 1]].map((part, k) => {
      const dims = shapes[2 * i + k] as number[];
      return ops.expand(ops.reshape(part as Value, dims), [batch, ...dims.slice(1)]);
    });
    return [[layer.pastKey, past[0]] as const, [layer.pastValue, past[1]] as const] as [string, Value][];
  });
}

interface Loss {
  /** −log p(label) per row, [R, 1], nats. */
  readonly tokenLoss: Value;
  /** softmax of the logits, [R, V]. */
  readonly probabilities: Value;
  /** int32 [R, 1]. */
  readonly labels: Value;
  /** The largest logit of each row and that of its label, [R, 1]. */
  readonly top: Value;
  readonly chosen: Value;
}

function crossEntropy(ops: Ops, logits: Value): Loss {
  const rows = logits.dims[0] as number;
  const labels = ops.reshape(ops.builder.input(names.labels, 'int32', [rows]), [rows, 1]);
  const top = ops.reduce('ReduceMax', logits, [-1]);
  const exponentials = ops.exp(ops.sub(logits, top));
  const total = ops.reduce('ReduceSum', exponentials, [-1]);
  const chosen = ops.emit('GatherElements', [logits, labels], { axis: { type: 'int', value: 1 } });
  const tokenLoss = ops.sub(ops.add(ops.log(total), top), chosen);
  return { tokenLoss, probabilities: ops.div(exponentials, total), labels, top, chosen };
}

/** loss = Σ weight · tokenLoss, and d loss / d logits = (softmax − onehot) · weight. */
export function buildTrainingGraph(decoder: Decoder, shape: TrainingShape, target: CompileTarget): CompiledGraph {
  const { batch, tokens, prefix, rows } = shape;
  const ops = new Ops(new GraphBuilder(target));
  const layout = denseLayout(ops, batch, prefix, tokens);
  const trainable = ops.builder.input(names.trainable, 'float32', [prefixSize(decoder, prefix)]);
  const feeds = textFeeds(ops, decoder, layout, fullMask(ops, batch, prefix + tokens), batch, tokens);
  const past = new Map(graftPrefix(ops, decoder, trainable, batch, prefix));
  for (const [name, value] of past) feeds.set(name, value);
  const [all] = specialise(ops, decoder, decoderContext(ops, layout), feeds, [decoder.logits]) as [Value];
  const logits = selectRows(ops, all, ops.builder.input(names.rows, 'int64', [rows]));
  const { tokenLoss, probabilities, labels } = crossEntropy(ops, logits);
  const weights = ops.reshape(ops.builder.input(names.weights, 'float32', [rows]), [rows, 1]);
  const loss = ops.reduce('ReduceSum', ops.reshape(ops.mul(tokenLoss, weights), [rows]), [0]);
  const vocabulary = logits.dims[1] as number;
  const ids = ops.builder.literal(
    'int32',
    [1, vocabulary],
    Int32Array.from({ length: vocabulary }, (_, i) => i),
  );
  const onehot = ops.cast(ops.equal(labels, ids), 'float32');
  const seed = ops.mul(ops.sub(probabilities, onehot), weights);
  const recompute = shape.recompute
    ? {
        pasts: decoder.layers.map(({ pastKey }) => past.get(pastKey) as Value),
        zero: ops.builder.input(names.zero, 'float32', [1]),
      }
    : null;
  const reaching = (node: string) => prefixReaching(decoder, node);
  const gradient = differentiate(ops, [{ value: logits, gradient: seed }], trainable, { reaching, recompute });
  return compile(ops.builder, { [names.loss]: loss, [names.gradient]: gradient });
}

export function buildForwardGraph(decoder: Decoder, shape: ForwardShape, target: CompileTarget): CompiledGraph {
  const { batch, tokens, cache } = shape;
  const ops = new Ops(new GraphBuilder(target));
  const ragged = shape.layout === 'ragged';
  const mask = ragged
    ? ops.builder.input(names.mask, 'int64', [batch, cache + tokens])
    : fullMask(ops, batch, cache + tokens);
  const layout = ragged
    ? raggedLayout(ops, mask, ops.builder.input(names.positions, 'int64', [batch, tokens]))
    : denseLayout(ops, batch, cache, tokens);
  const feeds = textFeeds(ops, decoder, layout, mask, batch, tokens);
  decoder.layers.forEach((layer, i) => {
    const dims = [batch, layer.kvHeads, cache, layer.headDim];
    const past = (what: 'key' | 'value') =>
      cache > 0
        ? ops.cast(ops.builder.input(names.cache(i, what), cacheType(target), dims), 'float32')
        : ops.builder.literal('float32', dims, []);
    feeds.set(layer.pastKey, past('key'));
    feeds.set(layer.pastValue, past('value'));
  });
  const presents = shape.newKeyValues ? decoder.layers.flatMap((layer) => [layer.presentKey, layer.presentValue]) : [];
  const heads = shape.head === 'none' ? [] : [decoder.logits];
  const values = specialise(ops, decoder, decoderContext(ops, layout), feeds, [...heads, ...presents]);
  const outputs: Record<string, Value> = {};
  if (shape.head !== 'none') Object.assign(outputs, headOutputs(ops, values.shift() as Value, shape));
  values.forEach((present, i) => {
    const rows = ops.cast(newRows(ops, present, cache), cacheType(target));
    outputs[names.fresh(Math.floor(i / 2), i % 2 === 0 ? 'key' : 'value')] = rows;
  });
  return compile(ops.builder, outputs);
}

function headOutputs(ops: Ops, all: Value, { rows, head }: ForwardShape): Record<string, Value> {
  const logits = rows === null ? all : selectRows(ops, all, ops.builder.input(names.rows, 'int64', [rows]));
  if (head === 'logits') return { [names.logits]: logits };
  const { tokenLoss, top, chosen } = crossEntropy(ops, logits);
  const predicted = ops.cast(ops.equal(chosen, top), 'float32');
  const count = logits.dims[0] as number;
  return { [names.tokenLoss]: ops.reshape(tokenLoss, [count]), [names.predicted]: ops.reshape(predicted, [count]) };
}

/** The part of a present key or value [batch, kvHeads, cache + tokens, headDim] that this run adds. */
function newRows(ops: Ops, present: Value, cache: number): Value {
  if (present.source.kind === 'node' && present.source.node.opType === 'Concat' && cache > 0) {
    const [, added] = present.source.node.inputs;
    if (present.source.node.inputs.length === 2 && added) return added;
  }
  return ops.slice(present, 2, cache, present.dims[2] as number);
}
