/**
 * A file through the model: read like the current dataset, asked with its template, and given back with what the model
 * says. A few rows at a time, so that it can be watched and stopped.
 */
import { type ParsedDataset, readDataset } from '../data';
import { DataError } from '../errors';
import { chooseLabels, writeAnswers } from '../evaluation';
import { BatchSize, type DeviceAdapter, slotsOf } from '../inference';
import { checkCount } from './checkSettings';
import { labelChoicesOf } from './labelChoices';
import type { OpenModel } from './openModel';
import { type Prediction, predictionFile } from './predictionFile';
import type { PreparedDataset } from './preparedDataset';
import type { AppliedFile, ApplyEvent, ApplyRequest, DatasetSource, ReadingChoices } from './protocol';
import { promptOfRow } from './rowPrompts';
import { sparingly } from './sparingly';

/** The rows and the file that is made of them are held in memory. */
const MAX_ROWS = 200_000;
/** Rows between two looks at whether to stop. */
const ROWS_AT_ONCE = 32;

export interface ApplyWatch {
  readonly onEvent: (event: ApplyEvent) => void;
  /** Ends it after the rows under way. */
  readonly signal: AbortSignal;
}

/** @throws DataError where the file cannot be read, or lacks a column that the template names */
export async function applyTo(
  model: OpenModel,
  adapter: DeviceAdapter | null,
  dataset: PreparedDataset,
  { source, maxTokens }: ApplyRequest,
  { onEvent, signal }: ApplyWatch,
): Promise<AppliedFile> {
  checkCount('maxTokens', maxTokens);
  const predict = predictorOf(model, adapter, dataset, maxTokens, () => signal.aborted);
  const parsed = await readLike(dataset, source, signal);
  const { rows, columns } = parsed;
  const { mapping } = dataset.summary;
  const predictions: (Prediction | null)[] = [];
  const onRows = sparingly(rows.length, (done) => onEvent({ type: 'progress', rows: done, totalRows: rows.length }));
  let left = Object.values(parsed.problemCounts).reduce((sum, count) => sum + count, 0);
  onRows(0);
  while (predictions.length < rows.length && !signal.aborted) {
    const some = rows.slice(predictions.length, predictions.length + ROWS_AT_ONCE);
    const prompts = some.map((row) => {
      const made = promptOfRow(row, mapping, columns, model.tokenizer);
      const ids = made && model.tokenizer.encode(made.prompt);
      return ids && predict.fits(ids) ? ids : null;
    });
    left += prompts.filter((prompt) => prompt === null).length;
    const answers = (await predict.of(prompts.filter((prompt) => prompt !== null))).values();
    for (const prompt of prompts) predictions.push(prompt && (answers.next().value ?? null));
    onRows(predictions.length);
  }
  return {
    file: await predictionFile(source, parsed, predictions, labelChoicesOf(dataset) ? 'choose' : 'write'),
    rows: predictions.filter((prediction) => prediction !== null).length,
    left,
    stopped: signal.aborted,
  };
}

interface Predictor {
  /** Whether a prompt leaves room for an answer. */
  fits(prompt: readonly number[]): boolean;
  /** Null for those that were not done when it was stopped. */
  of(prompts: readonly (readonly number[])[]): Promise<(Prediction | null)[]>;
}

function predictorOf(
  model: OpenModel,
  adapter: DeviceAdapter | null,
  dataset: PreparedDataset,
  maxTokens: number,
  isStopped: () => boolean,
): Predictor {
  const size = new BatchSize(model.loaded);
  const room = model.config.contextLength - slotsOf(adapter);
  const choices = labelChoicesOf(dataset);
  if (choices === null) {
    return {
      fits: (prompt) => prompt.length > 0 && prompt.length < room,
      async of(prompts) {
        const texts = await writeAnswers(model, adapter, size, prompts, { maxTokens, until: null, isStopped });
        return texts.map((text) => (text === null ? null : { text, probability: null }));
      },
    };
  }
  if (model.original && model.untrainable) throw model.untrainable;
  const longest = Math.max(...[...choices.targets.values()].map((ids) => ids.length));
  return {
    fits: (prompt) => prompt.length > 0 && prompt.length + longest <= room,
    async of(prompts) {
      const chosen = await chooseLabels(model, adapter, size, prompts, choices);
      return chosen.map(({ label, probability }) => ({ text: label, probability }));
    },
  };
}

/** Read as the dataset was, or, where that gives other columns, as its own content says. */
async function readLike(
  { source: { options }, summary }: PreparedDataset,
  source: DatasetSource,
  signal: AbortSignal,
): Promise<ParsedDataset> {
  const { inputs, system } = summary.mapping;
  const needed = system === null ? inputs : [...inputs, system];
  const missing = ({ columns }: ParsedDataset) => needed.filter((column) => !columns.includes(column));
  let parsed = await readWhole(source, {}, signal);
  if (missing(parsed).length > 0 && options.reading) parsed = await readWhole(source, options.reading, signal);
  const absent = missing(parsed);
  if (absent.length === 0) return parsed;
  const [column] = absent as [string];
  throw new DataError(
    `${source.name} has no column ${absent.map((one) => `"${one}"`).join(' and ')}.`,
    { file: source.name, column },
    `The prompts of ${summary.name} are made of it. The columns here are: ${parsed.columns.join(', ')}.`,
  );
}

async function readWhole(source: DatasetSource, choices: ReadingChoices, signal: AbortSignal): Promise<ParsedDataset> {
  const ignore = () => {};
  const parsed = await readDataset(source, {
    choices,
    maxRows: MAX_ROWS,
    seed: 0,
    onProgress: ignore,
    onHead: ignore,
    signal,
  });
  if (!parsed.drawn) return parsed;
  throw new DataError(
    `${source.name} has more than ${MAX_ROWS.toLocaleString('en')} rows.`,
    { file: source.name },
    'Cut it into several files.',
  );
}
