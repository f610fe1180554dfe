/** The files of a dataset → columns and rows. */
import { DataError } from '../errors';
import type { DatasetSource, ReadingChoices } from '../worker/dataProtocol';
import { parseDataset } from './parse';
import { readText } from './readText';
import type { ParsedDataset } from './types';

export interface ReadOptions {
  readonly choices: ReadingChoices;
  /** More rows than these are drawn from at random. */
  readonly maxRows: number;
  readonly seed: number;
  /** Called now and then while it reads. */
  readonly onProgress: (progress: {
    readonly bytes: number;
    readonly totalBytes: number;
    readonly rows: number;
  }) => void;
  /** Called once for a large dataset, with the rows of its beginning. */
  readonly onHead: (head: ParsedDataset) => void;
  /** Ends the reading with its reason. */
  readonly signal: AbortSignal;
}

/** @throws DataError where no row can be used */
export async function readDataset({ name, files }: DatasetSource, { signal }: ReadOptions): Promise<ParsedDataset> {
  const [file] = files;
  if (file === undefined) throw new DataError(`${name} holds no file.`, {}, 'Drop a file with rows.');
  const bytes = new Uint8Array(await file.blob.arrayBuffer());
  signal.throwIfAborted();
  return parseDataset(name, readText(name, bytes));
}
