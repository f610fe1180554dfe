/**
 * The plain data that passes between the steps of this folder: parse → map → build → tokenise → split.
 * What the page shows of it (`ColumnMapping`, `RowProblem`, `TokenPiece`) is declared in `worker/dataProtocol.ts`.
 */
import type { Reading, RowProblem, RowProblemKind } from '../worker/dataProtocol';

/** One message of a conversation, as chat templates take them. */
export interface ChatTurn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface DataRow {
  /** Where there are several files. */
  readonly file?: string;
  /** Line of the file on which the row begins (row, in Parquet), from 1. */
  readonly line: number;
  /** Where the data brings a split of its own. */
  readonly split?: 'train' | 'validation';
  /** Of a conversation, what comes before the answer, turn by turn; the cells have it as text. */
  readonly turns?: readonly ChatTurn[];
  /** Every column of the dataset has a cell in every row; a value the row does not have is `''`. */
  readonly cells: Readonly<Record<string, string>>;
}

/** What was read, apart from what the columns are for. It can be structured-cloned, and is what is kept of a dataset. */
export interface ParsedDataset {
  readonly name: string;
  readonly reading: Reading;
  readonly columns: readonly string[];
  readonly rows: readonly DataRow[];
  /** In the files, readable or not. */
  readonly read: number;
  /** Whether `rows` are all that could be read, or as many drawn from them at random. */
  readonly drawn: boolean;
  /** The first of the rows that could not be read; they are not in `rows`. */
  readonly problems: readonly RowProblem[];
  /** Of all of them, by kind. */
  readonly problemCounts: Readonly<Partial<Record<RowProblemKind, number>>>;
}

export interface Example {
  readonly file?: string;
  readonly line: number;
  readonly split?: 'train' | 'validation';
  /** All text in front of the target, without the spaces just before it. */
  readonly prompt: string;
  /** What the model is to say, with the spaces just before it: ` good` for the template `Verdict: {label}`. */
  readonly target: string;
  /** The target's cell when the task is classification. */
  readonly label: string | null;
  /** With the chat template: the messages that `prompt` was made of. */
  readonly messages?: readonly ChatTurn[];
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
  /** Tokens of the prompt that were cut off so that the row fits. */
  readonly cut: readonly number[];
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
  /** The token with which the chat template ends an assistant's turn; null where there is none. */
  readonly turnEndTokenId: number | null;
  readonly hasChatTemplate: boolean;
  /**
   * A conversation, or one turn of a user, in the model's chat template, up to where the assistant begins.
   * @throws ModelError without a template, or where it does not take these messages
   */
  chatPrompt(conversation: string | readonly ChatTurn[]): string;
}
