/**
 * The files of a dataset → columns and rows. What the bytes are is recognised by content, then each file is read piece by
 * piece; of more rows than may be used a sample stays. What the columns mean is not known here: that is `mapping.ts`.
 */
import { DataError } from '../../errors';
import { nextTask } from '../../tuning';
import type { DatasetSource, Reading, ReadingChoices } from '../../worker/dataProtocol';
import type { ParsedDataset } from '../types';
import { Collector } from './collect';
import { Decoding } from './encoding';
import { readParquet } from './parquet';
import { type PlannedFile, planFiles } from './plan';
import { readerOf } from './readers';
import { type FileReading, readingOf } from './summary';

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

/** A smaller dataset is there before anybody has looked at its beginning. */
const largeBytes = 4 * 2 ** 20;
const headRows = 500;
const turnEveryMs = 50;
const tellEveryMs = 250;

/** @throws DataError where no row can be used */
export async function readDataset(source: DatasetSource, options: ReadOptions): Promise<ParsedDataset> {
  return new DatasetReading(source, options).read();
}

class DatasetReading {
  private readonly collector: Collector;
  private readonly done: FileReading[] = [];
  private several = false;
  private bytes = 0;
  private totalBytes = 0;
  private headPending = false;
  private turned = 0;
  private told = 0;

  constructor(
    private readonly source: DatasetSource,
    private readonly options: ReadOptions,
  ) {
    this.collector = new Collector(options.maxRows, options.seed);
  }

  async read(): Promise<ParsedDataset> {
    const { source, collector, options } = this;
    if (source.files.length === 0) {
      throw new DataError(`${source.name} holds no file.`, {}, 'Drop a file with rows.');
    }
    const { files, leftOut } = await planFiles(source, options.choices, options.signal);
    this.totalBytes = files.reduce((sum, { input }) => sum + input.size, 0);
    this.headPending = this.totalBytes > largeBytes;
    this.several = files.length > 1;
    for (const file of files) await this.readFile(file);
    // What is read as a whole has no beginning to show before; its rows still have to be cut into tokens.
    if (this.mayGiveHead) this.giveHead([]);
    return collector.dataset(source.name, readingOf(source.name, this.done, leftOut, collector, options.choices));
  }

  /** One file of several that breaks off is told of; what was read of it stays. */
  private async readFile(file: PlannedFile): Promise<void> {
    const before = this.collector.readable;
    const rows = () => this.collector.readable - before;
    const { path } = file.input;
    try {
      const read = await this.contentOf(file, (soFar) =>
        this.giveHead([{ ...soFar, path, rows: rows(), leftOut: null }]),
      );
      this.done.push({ ...read, path, rows: rows(), leftOut: null });
    } catch (error) {
      if (!this.several || !(error instanceof DataError)) throw error;
      this.done.push({ described: null, encoding: null, encodingReason: '', path, rows: rows(), leftOut: error });
    }
  }

  private async contentOf(
    { input, split, content }: PlannedFile,
    onHead: (soFar: Pick<FileReading, 'described' | 'encoding' | 'encodingReason'>) => void,
  ): Promise<Pick<FileReading, 'described' | 'encoding' | 'encodingReason'>> {
    const path = this.several ? input.path : undefined;
    if (content.type === 'parquet') {
      const sink = this.collector.file({ path, split, damaged: () => false });
      const before = this.bytes;
      const described = await readParquet(input.path, await input.blob(), sink, (share, described) => {
        this.bytes = before + share * input.size;
        if (this.mayGiveHead) onHead({ described, encoding: null, encodingReason: '' });
        return this.turn();
      });
      return { described, encoding: null, encodingReason: '' };
    }
    const decoding = new Decoding(input.path, content.head, this.options.choices.encoding);
    const sink = this.collector.file({ path, split, damaged: () => decoding.damaged });
    const reader = readerOf(input.path, content.format, sink, content.label);
    const soFar = () => ({
      described: reader.describe(),
      encoding: decoding.encoding,
      encodingReason: decoding.reason,
    });
    const count = (bytes: number) => {
      this.bytes += bytes;
    };
    for await (const piece of input.open(count)) {
      reader.write(decoding.write(piece));
      if (this.mayGiveHead) onHead(soFar());
      await this.turn();
    }
    reader.write(decoding.end());
    reader.end();
    return soFar();
  }

  private get mayGiveHead(): boolean {
    return this.headPending && this.collector.readable >= headRows;
  }

  /** @param underWay the file being read, if any */
  private giveHead(underWay: readonly FileReading[]): void {
    const { source, collector, options, done } = this;
    this.headPending = false;
    const reading: Reading = readingOf(source.name, [...done, ...underWay], [], collector, options.choices);
    const dataset = collector.dataset(source.name, reading);
    const rows = dataset.rows.slice(0, headRows);
    options.onHead({ ...dataset, rows, read: rows.length + dataset.problems.length, drawn: false });
  }

  /** Lets others have their turn, and hears whether to go on. */
  private async turn(): Promise<void> {
    const now = performance.now();
    if (now - this.turned > turnEveryMs) {
      await nextTask();
      this.turned = performance.now();
    }
    this.options.signal.throwIfAborted();
    if (now - this.told > tellEveryMs) {
      this.told = now;
      this.options.onProgress({ bytes: this.bytes, totalBytes: this.totalBytes, rows: this.collector.readable });
    }
  }
}
