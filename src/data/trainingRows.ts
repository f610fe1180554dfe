/**
 * Rows and a mapping → tokenised rows, a few rows at a time: between them the event loop turns, so that ten thousand rows
 * keep nobody waiting who shares the thread, and can be ended.
 */
import { nextTask } from '../tuning';
import type { ColumnMapping, RowProblem } from '../worker/dataProtocol';
import { buildExamples } from './examples';
import { type EncodedPair, encodePair, tokeniseExamples } from './tokenise';
import type { ParsedDataset, TokenisedRow, Tokenizer } from './types';

export interface Watch {
  /** Ends the work with its reason. */
  readonly signal?: AbortSignal;
  /** Called now and then, and at the end. */
  readonly onProgress?: (rows: number) => void;
}

export interface TrainingRows {
  readonly tokenised: readonly TokenisedRow[];
  /** Rows left out. */
  readonly problems: readonly RowProblem[];
  /** Rows that train, with the beginning of their prompt cut off to fit. */
  readonly shortened: readonly RowProblem[];
  /** Tokens of every row with a prompt and a target, before anything is cut. */
  readonly lengths: readonly number[];
}

const rowsAtATime = 8;
const millisecondsAtATime = 16;
/** In memory beside the rows themselves. */
const maxKnownTokens = 4_000_000;

/** What was encoded for the dataset before: other words, another split or length leave most texts as they were. */
const known = new WeakMap<Tokenizer, ReadonlyMap<string, EncodedPair>>();

/** @param mapping from `resolveMapping` */
export async function trainingRows(
  { rows, columns }: ParsedDataset,
  mapping: ColumnMapping,
  tokenizer: Tokenizer,
  { maxTokens }: { readonly maxTokens: number },
  { signal, onProgress }: Watch = {},
): Promise<TrainingRows> {
  const tokenised: TokenisedRow[] = [];
  const problems: RowProblem[] = [];
  const shortened: RowProblem[] = [];
  const lengths: number[] = [];
  const pairs = new Map<string, EncodedPair>();
  const encode = rememberingEncoder(known.get(tokenizer), pairs);
  let since = performance.now();
  for (let start = 0; start < rows.length; start += rowsAtATime) {
    const piece = rows.slice(start, start + rowsAtATime);
    const built = buildExamples({ rows: piece, columns }, mapping, tokenizer);
    const made = tokeniseExamples(built.examples, tokenizer, { maxTokens, encode });
    tokenised.push(...made.tokenised);
    problems.push(...built.problems, ...made.problems);
    shortened.push(...made.shortened);
    lengths.push(...made.lengths);
    if (performance.now() - since < millisecondsAtATime) continue;
    onProgress?.(start + piece.length);
    await nextTask();
    signal?.throwIfAborted();
    since = performance.now();
  }
  known.set(tokenizer, pairs);
  onProgress?.(rows.length);
  return { tokenised, problems, shortened, lengths };
}

function rememberingEncoder(
  before: ReadonlyMap<string, EncodedPair> | undefined,
  pairs: Map<string, EncodedPair>,
): typeof encodePair {
  let tokens = 0;
  return (prompt, target, tokenizer) => {
    const key = `${prompt}\u0000${target}`;
    const again = pairs.get(key);
    if (again !== undefined) return again;
    const pair = before?.get(key) ?? encodePair(prompt, target, tokenizer);
    tokens += pair.prompt.length + pair.target.length;
    if (tokens <= maxKnownTokens) pairs.set(key, pair);
    return pair;
  };
}
