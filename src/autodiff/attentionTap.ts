/**
 * A tap on attention, for looking at what a prefix does. Every form of attention, fused or not, comes down to one softmax
 * over cache and text; the first that a layer's past keys reach is that layer's. There the tap reads what the layer
 * attends to, or lowers the scores of the cache's slots, with which the layer forgets the prefix.
 */
import { ModelError } from '../errors';
import type { GraphBuilder } from './builder';
import { names } from './names';
import { Ops } from './ops';
import { dimAt, sizeOf } from './shapes';
import type { Value } from './types';

export type AttentionTap =
  /**
   * Input `query_weights` [groups, tokens]; outputs `attention.{layer}` [heads, groups, columns]: per group the sum over
   * queries of weight · attention. The columns are the cache's slots, the text, and one more where there is a sink. Batch 1.
   */
  | { readonly kind: 'read'; readonly groups: number }
  /** Input `layer_bias` [layers], added to the scores of the cache's slots in each layer: −1e9 switches them off there. */
  | { readonly kind: 'bias' };

export interface TappedShape {
  readonly tap: AttentionTap;
  readonly batch: number;
  readonly tokens: number;
  /** Slots in front of the text, all of them the prefix's. */
  readonly cache: number;
  readonly layers: number;
}

export class TappedOps extends Ops {
  private readonly pastKeys: ReadonlyMap<string, number>;
  /** Of values that past keys reach, the last layer whose do. */
  private readonly reached = new Map<Value, number>();
  private nodesSeen = 0;
  /** [batch, heads, tokens, columns] of the layers found so far. */
  private readonly weights = new Map<number, Value>();
  private biases: readonly Value[] | null = null;

  constructor(
    builder: GraphBuilder,
    private readonly shape: TappedShape,
  ) {
    super(builder);
    if (shape.cache === 0) throw new RangeError('without a cache there is no past to know layers by');
    if (shape.tap.kind === 'read' && shape.batch !== 1) throw new RangeError('attention is read of one text at a time');
    this.pastKeys = new Map(Array.from({ length: shape.layers }, (_, layer) => [names.cache(layer, 'key'), layer]));
  }

  override softmax(scores: Value): Value {
    const layer = this.layerOf(scores);
    if (layer === null) return super.softmax(scores);
    const weights = super.softmax(this.shape.tap.kind === 'bias' ? this.biased(scores, layer) : scores);
    this.weights.set(layer, weights);
    return weights;
  }

  /** What the tap reads. @throws ModelError naming a layer whose attention did not come by */
  outputs(): Record<string, Value> {
    const { tap, tokens, layers } = this.shape;
    const found = Array.from({ length: layers }, (_, layer) => this.weightsOf(layer));
    if (tap.kind === 'bias') return {};
    const queries = this.builder.input(names.queryWeights, 'float32', [tap.groups, tokens]);
    const everyHead = this.reshape(queries, [1, tap.groups, tokens]);
    return Object.fromEntries(
      found.map((weights, layer) => {
        // Heads may be folded into the batch, or stand in groups per key-value head: in memory it is the same.
        const heads = this.reshape(weights, [-1, tokens, dimAt(weights.dims, -1)]);
        return [names.attention(layer), this.matmul(everyHead, heads)];
      }),
    );
  }

  private weightsOf(layer: number): Value {
    const weights = this.weights.get(layer);
    if (weights) return weights;
    throw new ModelError(
      `Prelude does not find where layer ${layer} attends to its past.`,
      {},
      'Tuning and writing are not affected; what the prefix does inside of this model cannot be shown.',
    );
  }

  private biased(scores: Value, layer: number): Value {
    const { cache, layers } = this.shape;
    this.biases ??= this.split(
      this.builder.input(names.layerBias, 'float32', [layers]),
      0,
      new Array<number>(layers).fill(1),
    );
    const columns = dimAt(scores.dims, -1);
    const ofPrefix = Float32Array.from({ length: columns }, (_, column) => (column < cache ? 1 : 0));
    const bias = this.mul(this.biases[layer] as Value, this.builder.literal('float32', [columns], ofPrefix));
    return this.add(scores, bias);
  }

  /** The layer whose attention these are the scores of; null where they are something else's, such as a router's. */
  private layerOf(scores: Value): number | null {
    const { batch, tokens, cache } = this.shape;
    this.follow();
    const layer = this.reached.get(scores);
    if (layer === undefined || this.weights.has(layer)) return null;
    const sinks = dimAt(scores.dims, -1) - (cache + tokens);
    const rows = sizeOf(scores.dims.slice(0, -1));
    return (sinks === 0 || sinks === 1) && rows % (batch * tokens) === 0 ? layer : null;
  }

  /** Nodes stand in the order in which they were emitted, so that each is looked at once. */
  private follow(): void {
    const { nodes } = this.builder;
    for (; this.nodesSeen < nodes.length; this.nodesSeen++) {
      const { inputs = [], outputs = [] } = nodes[this.nodesSeen] ?? {};
      const layer = Math.max(...inputs.map((value) => (value ? this.reachOf(value) : -1)));
      if (layer >= 0) for (const output of outputs) this.reached.set(output, layer);
    }
  }

  private reachOf(value: Value): number {
    const layer = value.source.kind === 'input' ? this.pastKeys.get(value.name) : this.reached.get(value);
    return layer ?? -1;
  }
}
