/**
 * The graphs Prelude runs, made from a decoder: one that goes forward (generation, evaluation, encoding a text) and one
 * that also returns the gradient of the loss. Both have static shapes; a runtime keeps one session per shape.
 */
import { type AttentionTap, TappedOps } from './attentionTap';
import { GraphBuilder } from './builder';
import { type CompiledGraph, compile } from './compiled';
import type { Decoder } from './decoder';
import { decoderContext, denseLayout, raggedLayout } from './decoderContext';
import { differentiate } from './differentiate';
import { cachedPasts, graftOnto, idsInput, noPasts, textFeeds } from './feeds';
import type { Graft, Grafted } from './graft';
import { cacheType, names } from './names';
import { Ops } from './ops';
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
  /** Looks at attention, or changes it; only where there is a cache. */
  readonly tap?: AttentionTap;
}

export interface TrainingShape {
  readonly batch: number;
  /** Tokens per row, those that the graft inserts included. */
  readonly tokens: number;
  /** Supervised rows. */
  readonly rows: number;
  /** Compute a layer's values again in the backward part instead of keeping them; default false. Adds the input `zero`. */
  readonly recompute?: boolean;
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
export function buildTrainingGraph(
  decoder: Decoder,
  graft: Graft,
  shape: TrainingShape,
  target: CompileTarget,
): CompiledGraph {
  const { batch, tokens, rows } = shape;
  const ops = new Ops(new GraphBuilder(target));
  const layout = denseLayout(ops, batch, graft.past, tokens);
  const noise = graft.noise(batch, tokens);
  const { trainable, grafted } = graftOnto(ops, graft, { batch, tokens, noise });
  const text = textFeeds(ops, decoder, { ids: idsInput(ops, batch, tokens), layout });
  const feeds = withPasts(text, grafted.pasts ?? noPasts(ops, decoder, batch));
  const context = decoderContext(ops, layout);
  const { values, entries } = specialise(ops, decoder, context, { feeds, ...replacements(grafted) }, [decoder.logits]);
  const logits = selectRows(ops, values[0] as Value, ops.builder.input(names.rows, 'int64', [rows]));
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
        entries: decoder.layers.flatMap(({ pastKey }) => entries.get(pastKey) ?? []),
        zero: ops.builder.input(names.zero, 'float32', [1]),
      }
    : null;
  const gradient = differentiate(ops, [{ value: logits, gradient: seed }], trainable, {
    reaching: (node) => graft.reaching(node),
    recompute,
  });
  return compile(ops.builder, { [names.loss]: loss, [names.gradient]: gradient });
}

const replacements = ({ replace }: Grafted) => (replace ? { replace } : {});

const withPasts = (text: ReadonlyMap<string, Value>, pasts: ReadonlyMap<string, Value>): Map<string, Value> =>
  new Map([...text, ...pasts]);

/** @param graft what stays in the graph while the model is used; one that fills slots is a prefix in the cache instead */
export function buildForwardGraph(
  decoder: Decoder,
  shape: ForwardShape,
  target: CompileTarget,
  graft: Graft | null = null,
): CompiledGraph {
  const { batch, tokens, cache, tap } = shape;
  const builder = new GraphBuilder(target);
  const tapped = tap ? new TappedOps(builder, { tap, batch, tokens, cache, layers: decoder.layers.length }) : null;
  const ops = tapped ?? new Ops(builder);
  const ragged = shape.layout === 'ragged';
  const mask = ragged ? ops.builder.input(names.mask, 'int64', [batch, cache + tokens]) : null;
  const layout = mask
    ? raggedLayout(ops, mask, ops.builder.input(names.positions, 'int64', [batch, tokens]))
    : denseLayout(ops, batch, cache, tokens);
  const grafted = graft ? graftOnto(ops, graft, { batch, tokens, noise: 0 }).grafted : {};
  if (grafted.pasts) throw new RangeError('a graft that fills slots goes into the cache');
  const ids = idsInput(ops, batch, tokens);
  const text = textFeeds(ops, decoder, { ids, layout, ...(mask && { mask }) });
  const feeds = withPasts(text, cache > 0 ? cachedPasts(ops, decoder, batch, cache) : noPasts(ops, decoder, batch));
  const presents = shape.newKeyValues ? presentNames(decoder) : [];
  // The attention of the last layer is on the way to the logits and to nothing else.
  const heads = shape.head === 'none' && !tapped ? [] : [decoder.logits];
  const context = decoderContext(ops, layout);
  const wanted = [...heads, ...presents];
  const { values } = specialise(ops, decoder, context, { feeds, ...replacements(grafted) }, wanted);
  const outputs: Record<string, Value> = tapped?.outputs() ?? {};
  if (shape.head !== 'none') Object.assign(outputs, headOutputs(ops, values[0] as Value, shape));
  values.slice(heads.length).forEach((present, i) => {
    const rows = ops.cast(newRows(ops, present, cache), cacheType(target));
    outputs[names.fresh(Math.floor(i / 2), i % 2 === 0 ? 'key' : 'value')] = rows;
  });
  return compile(ops.builder, outputs);
}

const presentNames = ({ layers }: Decoder): string[] =>
  layers.flatMap(({ presentKey, presentValue }) => [presentKey, presentValue]);

/**
 * The prefix that a graft amounts to, `prefix` [layers · 2 · kvHeads · (past + inserted) · headDim]: virtual tokens need
 * to be encoded once, not with every text.
 */
export function buildPrefixGraph(decoder: Decoder, graft: Graft, target: CompileTarget): CompiledGraph {
  const ops = new Ops(new GraphBuilder(target));
  const tokens = graft.inserted;
  const { grafted } = graftOnto(ops, graft, { batch: 1, tokens, noise: 0 });
  const parts = grafted.pasts ? [...grafted.pasts.values()] : encoded(ops, decoder, grafted, tokens);
  const flat = parts.map((part) => ops.reshape(part, [sizeOf(part.dims)]));
  return compile(ops.builder, { [names.prefix]: ops.concat(flat, 0) });
}

/** Keys and values of inserted tokens that stand alone, layer by layer. */
function encoded(ops: Ops, decoder: Decoder, grafted: Grafted, tokens: number): Value[] {
  const layout = denseLayout(ops, 1, 0, tokens);
  const ids = ops.builder.literal('int64', [1, tokens], new Uint8Array(tokens));
  const text = textFeeds(ops, decoder, { ids, layout });
  const feeds = withPasts(text, noPasts(ops, decoder, 1));
  const context = decoderContext(ops, layout);
  const { values } = specialise(ops, decoder, context, { feeds, ...replacements(grafted) }, presentNames(decoder));
  return values.map((present) => newRows(ops, present, 0));
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
