/**
 * The plain data that passes between the steps of this folder: parse → map → build → tokenise → split.
 * What the page shows of it (`ColumnMapping`, `RowProblem`, `TokenPiece`) is declared in `worker/protocol.ts`.
 */
import type { RowProblem } from '../worker/protocol';

export interface DataRow {
  /** Line of the file on which the row begins, from 1. */
  readonly line: number;
  /** Every column of the dataset has a cell in every row; a value the row does not have is `''`. */
  readonly cells: Readonly<Record<string, string>>;
}

export interface ParsedDataset {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly DataRow[];
  /** Rows that could not be read; they are not in `rows`. */
  readonly problems: readonly RowProblem[];
}

export interface Example {
  readonly line: number;
  /** All text in front of the target, without the spaces just before it. */
  readonly prompt: string;
  /** What the model is to say, with the spaces just before it: ` good` for the template `Verdict: {label}`. */
  readonly target: string;
  /** The target's cell when the task is classification. */
  readonly label: string | null;
}

export interface TokenisedExample {
  readonly line: number;
  /** Prompt, target, end token. */
  readonly tokenIds: readonly number[];
  /** Index of the first supervised token; everything from here on is supervised, the end token too. At least 1. */
  readonly targetStart: number;
  readonly label: string | null;
}

/** A tokenised example and the text that it was made of. */
export interface TokenisedRow extends TokenisedExample {
  readonly example: Example;
}

/** What this folder needs of a tokenizer; `models/tokenizer.ts` implements it. */
export interface Tokenizer {
  /**
   * Token ids of a text. A beginning-of-sequence token is put in front only where the tokenizer does so by itself, and
   * never with `continuation`, which is for text that goes on from other text.
   */
  encode(text: string, options?: { readonly continuation?: boolean }): number[];
  /** Text of a sequence of ids, special tokens included. */
  decode(ids: readonly number[]): string;
  /** The token that ends an answer in training. */
  readonly endTokenId: number;
}
