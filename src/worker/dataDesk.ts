/** The dataset in use: read from its files, prepared for the loaded model, and put aside when the model goes. */
import { DataError, ModelError } from '../errors';
import type { OpenModel } from './openModel';
import { type PreparedDataset, prepareDataset } from './preparedDataset';
import type { DataEngine, DatasetOptions, DatasetProgress, DatasetSource, DatasetSummary } from './protocol';
import { ReadDatasets } from './readDatasets';
import type { KeptDataset } from './store';

/** Room that examples leave for virtual tokens, as many as the page offers. */
const ROOM_FOR_PREFIX = 64;
/** Rows that are used of a dataset at most, unless the person says otherwise. */
const MAX_ROWS = 10_000;

interface Watch {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DatasetProgress) => void;
}

/** @throws DataError if no row can be used */
export async function prepareFor(
  { tokenizer, config }: OpenModel,
  { rows, options }: KeptDataset,
  watch: Watch = {},
): Promise<PreparedDataset> {
  const maxTokens = Math.max(config.contextLength / 2, config.contextLength - ROOM_FOR_PREFIX);
  const totalRows = rows.rows.length;
  return prepareDataset(rows, options, tokenizer, Math.floor(maxTokens), {
    ...watch,
    onProgress: (done) => watch.onProgress?.({ type: 'tokenising', rows: done, totalRows }),
  });
}

export class DataDesk implements DataEngine {
  /** null: there is none for the present model. */
  current: PreparedDataset | null = null;
  /** Ends the reading of the dataset before. */
  private reading = new AbortController();
  private readonly read = new ReadDatasets();

  /** @param model the loaded one; waits for one that is loading */
  constructor(private readonly model: () => Promise<OpenModel>) {}

  /** @throws DataError where there is none */
  inUse(): PreparedDataset {
    if (!this.current) throw new DataError('There is no dataset.', {}, 'Drop a dataset, or take a sample.');
    return this.current;
  }

  /** For the model that goes; what was read of the files stays. */
  leave(): void {
    this.reading.abort(new ModelError('The model was exchanged meanwhile.', {}, 'Drop the dataset once more.'));
    this.current = null;
  }

  async setDataset(
    source: DatasetSource,
    options: DatasetOptions,
    onProgress: (progress: DatasetProgress) => void,
  ): Promise<DatasetSummary> {
    this.reading.abort(new DataError('Another dataset was dropped meanwhile.'));
    this.reading = new AbortController();
    const { signal } = this.reading;
    const model = await this.model();
    let preview: Promise<void> = Promise.resolve();
    const rows = await this.read.read(source, {
      choices: options.reading ?? {},
      maxRows: options.maxRows ?? MAX_ROWS,
      seed: options.seed ?? 0,
      onProgress: (progress) => onProgress({ type: 'reading', ...progress }),
      onHead: (head) => {
        preview = prepareFor(model, { rows: head, options }, { signal }).then(
          ({ summary }) => onProgress({ type: 'preview', summary }),
          (error: unknown) => {
            // What is wrong with the beginning is said of the whole, should it be so.
            if (!(error instanceof DataError) && !signal.aborted) throw error;
          },
        );
      },
      signal,
    });
    await preview;
    const prepared = await prepareFor(model, { rows, options }, { signal, onProgress });
    signal.throwIfAborted();
    this.current = prepared;
    return prepared.summary;
  }
}
