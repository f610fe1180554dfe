/** The face of this folder: dataset files → token ids that train. read → map → build → tokenise → split → report. */
export { buildExamples, promptOf } from './examples';
export { countValues } from './guess';
export { guessMapping, resolveMapping } from './mapping';
export { TextStream, tokenPieces } from './pieces';
export { parseDataset, type ReadOptions, readDataset } from './reading';
export { datasetReport, inOrder } from './report';
export { splitExamples } from './split';
export { encodePair, tokeniseExamples } from './tokenise';
export { trainingRows, type Watch } from './trainingRows';
export type { Example, ParsedDataset, TokenisedExample, TokenisedRow, Tokenizer } from './types';
export { labelSummaries } from './words';
