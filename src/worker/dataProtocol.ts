/**
 * The part of the protocol about datasets: the files that come in, how they were read, what each column is for, and the
 * report before training. Plain data; a `Blob` crosses to the worker as a reference and is read there, piece by piece.
 */

export interface DatasetFile {
  /** With the folders it lay in: `reviews/train.csv`. */
  readonly path: string;
  readonly blob: Blob;
}

/** One file, the files of a folder, a zip (one file, opened by the reader), or pasted text. */
export interface DatasetSource {
  /** The same for the same content: what was read under it need not be read again when only the mapping changes. */
  readonly key: string;
  readonly name: string;
  readonly files: readonly DatasetFile[];
}

/** `csv` is any text with delimiters. */
export type DataFormat = 'jsonl' | 'json' | 'csv' | 'parquet' | 'text';

/** Labels of the Encoding Standard (WHATWG), as `TextDecoder` takes them. */
export type TextEncodingName = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** What a person says of how a file is to be read; what is absent is recognised by content. */
export interface ReadingChoices {
  readonly format?: DataFormat;
  readonly encoding?: TextEncodingName;
  readonly delimiter?: string;
  /** Whether the first record names the columns. */
  readonly header?: boolean;
  /** What an example is in plain text. */
  readonly unit?: 'line' | 'paragraph';
}

/** The rows' shape, where it is one that others know too. */
export type RowShape =
  | 'messages'
  | 'sharegpt'
  | 'alpaca'
  | 'prompt-completion'
  | 'text-label'
  | 'plain-text'
  | 'columns';

/** How the files were read, and why so. */
export interface Reading {
  readonly format: DataFormat;
  /** null where bytes are not text (Parquet). */
  readonly encoding: TextEncodingName | null;
  /** null where there are no delimiters. */
  readonly delimiter: string | null;
  readonly header: boolean | null;
  readonly unit: 'line' | 'paragraph' | null;
  readonly shape: RowShape;
  /** A sentence a person reads: what in the content speaks for it. */
  readonly reason: string;
  /** Each file that was read or left out; one entry for a single file. */
  readonly files: readonly {
    readonly path: string;
    readonly rows: number;
    /** Why it was left out; null where it was read. */
    readonly leftOut: string | null;
  }[];
}

export type Task = 'classification' | 'extraction' | 'generation' | 'persona';

/** `plain`: a line per column; `chat`: the model's own chat template; `own`: what the person wrote. */
export type TemplateKind = 'plain' | 'chat' | 'own';

/** What each column is for, and the exact text that is made of them. Columns that are named nowhere are not used. */
export interface ColumnMapping {
  /** The column with the system message; null: none. */
  readonly system: string | null;
  readonly inputs: readonly string[];
  /** The target, or the label where the task is classification. */
  readonly target: string;
  readonly kind: TemplateKind;
  /**
   * e.g. `Review: {text}\nVerdict: {label}`; the loss is taken on the target's cell (and the end token) only. With the
   * chat template, what stands before the target is the user's turn.
   */
  readonly template: string;
  readonly task: Task;
  /** Verbaliser: the word that stands for a label in the text; labels without an entry stand for themselves. */
  readonly words: Readonly<Record<string, string>>;
}

export type RowProblemKind =
  /** The row itself cannot be read. */
  | 'unreadable'
  | 'ragged'
  | 'empty-target'
  | 'empty-input'
  /** The target alone does not fit. */
  | 'too-long'
  /** The beginning of its prompt is cut off; the row trains all the same. */
  | 'shortened'
  /** A held-out row whose input is learned from as well. */
  | 'in-both-splits'
  /** The chat template refuses it. */
  | 'template';

export interface RowProblem {
  readonly kind: RowProblemKind;
  /** Where there are several files. */
  readonly file?: string;
  /** Line in the file (row, in Parquet), from 1. */
  readonly line: number;
  readonly column?: string;
  readonly reason: string;
}

export interface TokenPiece {
  readonly id: number;
  readonly text: string;
  /** Read only, learned (the loss is taken there), or cut off since the row is too long. */
  readonly part: 'context' | 'learned' | 'cut';
}

export interface LabelSummary {
  readonly label: string;
  readonly count: number;
  /** What stands for it in the text. */
  readonly word: string;
  /** The text of its tokens, as they follow the prompt. */
  readonly tokens: readonly string[];
  /** Other labels whose first token is the same: the model must tell them apart later in the word. */
  readonly sameStart: readonly string[];
}

/** What a person should know before training. Counts are of rows. */
export interface DatasetReport {
  /** In the files, readable or not. */
  readonly read: number;
  /** How many of those that can be read were drawn at random, where there are more than are used at most; null: all. */
  readonly drawn: number | null;
  readonly usable: number;
  /** Of those drawn and of those unreadable, most frequent first. */
  readonly skipped: readonly {
    readonly kind: RowProblemKind;
    readonly count: number;
    /** Line numbers of the first few. */
    readonly lines: readonly number[];
  }[];
  /** Rows that repeat an earlier one, target included. */
  readonly duplicates: number;
  /** Rows whose input an earlier row has with another target. */
  readonly contradictions: number;
  /** Held-out rows left out since their input is learned from as well. */
  readonly inBothSplits: number;
  /** Where the held-out rows come from. */
  readonly split: 'random' | 'column' | 'files';
  /** Tokens per row before anything is cut: `counts[i]` rows have from `i · width` to below `(i + 1) · width`. */
  readonly lengths: { readonly width: number; readonly counts: readonly number[] };
  /** Tokens a row may have, and the most it may be set to. */
  readonly maxTokens: number;
  readonly maxTokensLimit: number;
  /** Rows that lose tokens at that length, and the share of all tokens that is lost, 0..1. */
  readonly cutRows: number;
  readonly cutShare: number;
}

export interface DatasetSummary {
  readonly name: string;
  readonly reading: Reading;
  readonly columns: readonly string[];
  /** Per column, up to three different values, shortened. */
  readonly samples: Readonly<Record<string, readonly string[]>>;
  readonly mapping: ColumnMapping;
  /** Distinct targets, most frequent first, when the task is classification. */
  readonly labels: readonly LabelSummary[];
  readonly usableRows: number;
  readonly trainRows: number;
  readonly validationRows: number;
  /** In the order of the file; the first thousand. `report.skipped` has all their numbers. */
  readonly skipped: readonly RowProblem[];
  /** Rows that train with the beginning of their prompt cut off, to fit; the first thousand. */
  readonly shortened: readonly RowProblem[];
  readonly report: DatasetReport;
  /** Of the first rows, exactly what trains. */
  readonly preview: readonly { readonly line: number; readonly tokens: readonly TokenPiece[] }[];
  /** Up to eight held-out rows (training rows when nothing is held out): the text before the target, and the target with the space before it. */
  readonly examples: readonly { readonly line: number; readonly prompt: string; readonly target: string }[];
  /** Of a classification with the longest label behind the longest prompt, since every label is tried on every row. */
  readonly longestTokens: number;
  readonly meanTokens: number;
}

export interface DatasetOptions {
  readonly reading?: ReadingChoices;
  /** Guessed from the data when absent. */
  readonly mapping?: Partial<ColumnMapping>;
  /** 0..0.5, default 0.1; counts for nothing where the data brings a split of its own. */
  readonly validationFraction?: number;
  /** Tokens per row, end token included; default: what the model can read beside virtual tokens. */
  readonly maxTokens?: number;
  /** Rows that are used at most, default 10,000; a larger file is drawn from at random. */
  readonly maxRows?: number;
  readonly seed?: number;
}

export type DatasetProgress =
  /** What the beginning of a large file gives, complete in itself; the whole is still being read. */
  | { readonly type: 'preview'; readonly summary: DatasetSummary }
  | { readonly type: 'reading'; readonly bytes: number; readonly totalBytes: number; readonly rows: number }
  | { readonly type: 'tokenising'; readonly rows: number; readonly totalRows: number };

export interface DataEngine {
  /**
   * Reads, maps, tokenises and splits. The dataset stays the current one only if this succeeds; a call before this one that is still reading ends
   * with an error of kind `data`.
   */
  setDataset(
    source: DatasetSource,
    options: DatasetOptions,
    onProgress: (progress: DatasetProgress) => void,
  ): Promise<DatasetSummary>;
}
