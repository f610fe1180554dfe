/** The compiler: from a decoder's ONNX graph to graphs that train and generate. Runs anywhere, needs no runtime. */
export type { CompiledGraph, DerivedRecipe, DerivedWeight } from './compiled';
export type { GraphCost } from './cost';
export { type Decoder, type DecoderHints, describeDecoder } from './decoder';
export {
  buildForwardGraph,
  buildTrainingGraph,
  cacheType,
  type ForwardShape,
  names,
  prefixSize,
  type TrainingShape,
} from './graphs';
export { type Trainability, trainabilityOf } from './trainability';
export type { CompileTarget, WeightView } from './types';
