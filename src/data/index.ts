/** The face of this folder: a dataset file → token ids that train. parse → map → build → tokenise → split. */
export { buildExamples, promptFor } from './examples';
export { countValues, guessMapping, resolveMapping } from './mapping';
export { parseDataset } from './parse';
export { TextStream, tokenPieces } from './pieces';
export { type ReadOptions, readDataset } from './read';
export { splitExamples } from './split';
export { encodePair, tokeniseExamples } from './tokenise';
export type { Example, ParsedDataset, TokenisedExample, TokenisedRow, Tokenizer } from './types';
