/** The compiler: from a decoder's ONNX graph to graphs that train and generate. Runs anywhere, needs no runtime. */
export type { AttentionTap } from './attentionTap';
export type { CompiledGraph, DerivedRecipe, DerivedWeight } from './compiled';
export type { GraphCost } from './cost';
export { type Decoder, type DecoderHints, describeDecoder } from './decoder';
export { buildEmbeddingGraph, embeddingOutputs } from './embedding';
export type { Graft, GraftInputs } from './graft';
export {
  buildForwardGraph,
  buildPrefixGraph,
  buildTrainingGraph,
  type ForwardShape,
  type TrainingShape,
} from './graphs';
export { type LinearModule, type LinearRole, linearModules } from './linearModules';
export { cacheType, names } from './names';
export { buildNeighbourGraph } from './neighbours';
export type { Ops } from './ops';
export { pastGraft, pastsOf, prefixSize } from './pastGraft';
export { nearestAbove } from './reach';
export { type Trainability, trainabilityOf } from './trainability';
export type { CompileTarget, Value, WeightView } from './types';
