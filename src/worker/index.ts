/** The engine as the page sees it. The engine itself is loaded by the worker only. */
export { connectEngine, pathOf } from './client';
export type * from './learnedProtocol';
export { type FigureWords, figuresOf } from './learnedWords';
export { LEARNING_RATES } from './learningRates';
export type * from './protocol';
export type * from './runsProtocol';
