/** What an adapter of the bundled model must fit, virtual tokens at least. */
import type { ModelGeometry } from '../../src/adapters';

export const bundledGeometry: ModelGeometry = {
  layers: 8,
  kvHeads: 4,
  headDim: 32,
  hidden: 256,
  heads: 8,
  promptScale: 1,
  targets: [],
};
