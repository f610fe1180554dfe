/** What our graphs' inputs and outputs are called, and the type of the cache between them. */
import type { CompileTarget } from './types';

/** Names of our graphs' inputs and outputs. */
export const names = {
  trainable: 'trainable',
  /** Numbers of a graft that are not trained; see `Graft`. */
  frozen: 'frozen',
  noise: 'noise',
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
  prefix: 'prefix',
  embeddings: 'embeddings',
  logits: 'logits',
  tokenLoss: 'token_loss',
  predicted: 'predicted',
  /** Of taps on attention; see attentionTap.ts. */
  layerBias: 'layer_bias',
  queryWeights: 'query_weights',
  attention: (layer: number) => `attention.${layer}`,
  /** Of the search for tokens near given vectors; see neighbours.ts. */
  vectors: 'vectors',
  cosines: 'cosines',
  norms: 'norms',
  cache: (layer: number, what: 'key' | 'value') => `cache.${layer}.${what}`,
  fresh: (layer: number, what: 'key' | 'value') => `new.${layer}.${what}`,
} as const;

/** Element type of the cache that forward graphs read, and of the new rows they return for it. */
export const cacheType = ({ float16Cache }: CompileTarget): 'float16' | 'float32' =>
  float16Cache ? 'float16' : 'float32';
