/** The face of this folder: where models come from, their config and their tokenizer. Weights are read by `onnx/`. */
export { browserLibrary } from './browserLibrary';
export { browserLocks, type Locks, localLocks } from './cache/locks';
export { bundledModelFiles, catalogue, defaultModelName } from './catalogue';
export { type ModelConfig, parseModelConfig } from './config';
export { nameFor } from './digest';
export { fetchedModelFiles } from './fetched';
export {
  externalDataPath,
  type ModelFiles,
  type OpenModelFile,
  requiredText,
} from './files';
export { fitOf } from './fit';
export { type ModelLibrary, singleModelLibrary } from './library';
export { type LocalFile, localFile, localModelFiles } from './local';
export { withProgress } from './progress';
export { createTokenizer, loadTokenizer, type ModelTokenizer } from './tokenizer';
export { ContentChanged } from './transfer/download';
export { dtypeOf } from './variants';
