/** Using a model, with a prefix or without: generation token by token, and scoring of given texts. */
export { withoutLayer } from './ablation';
export { attentionShares } from './attention';
export { BatchSize } from './batchSize';
export { cachedReader } from './cachedReader';
export { adapterOf, type DeviceAdapter, type OwnedAdapter, slotsOf } from './deviceAdapter';
export { type GenerateOptions, generate } from './generate';
export { generateBatch } from './generateBatch';
export { type DevicePrefix, KeyValueCache } from './keyValueCache';
export { neighbourhood } from './neighbours';
export { loraNorms, prefixNorms, rowLengths, textNorms } from './norms';
export { originalReader } from './originalReader';
export { sample } from './sampling';
export { type SequenceScore, score } from './score';
