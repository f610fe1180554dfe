/**
 * What a format's reader is: text is written to it piece by piece, and it hands each row to a sink. It never sees the whole
 * file, nor decides which rows stay.
 */
import type { Reading, RowProblem } from '../../worker/dataProtocol';
import type { ChatTurn } from '../types';

export interface RowContent {
  readonly cells: ReadonlyMap<string, string>;
  readonly turns?: readonly ChatTurn[];
}

export interface RowSink {
  /** Columns that are known before any row. */
  columns(names: Iterable<string>): void;
  /**
   * A row that can be read, beginning on `line`. Of a large file few rows stay: `content` is called for those alone.
   * @param split what the row says of the split it belongs to (`train`, `test`); null where it has no such column
   */
  row(line: number, split: string | null, content: () => RowContent): void;
  problem(problem: Omit<RowProblem, 'file'>): void;
}

/** How a reader read: recognised or chosen, and known for certain only when it is through. */
export type Described = Pick<Reading, 'format' | 'delimiter' | 'header' | 'unit' | 'shape' | 'reason'>;

export interface TextReader {
  write(text: string): void;
  /** @throws DataError where the text as a whole is not in the format */
  end(): void;
  describe(): Described;
}

/** The column by which datasets say which split a row belongs to. */
export const splitColumn = 'split';
