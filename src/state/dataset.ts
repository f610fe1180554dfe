/**
 * The dataset: what was dropped, what the engine made of it, and the one before. A file that cannot be read never
 * displaces the one that could; a dataset that arrives before the model waits for the model's tokenizer. Another model
 * reads it anew: one that cannot has no dataset, and the next one tries again. Of a large file its beginning is shown while
 * the rest is read.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type {
  ColumnMapping,
  DatasetFile,
  DatasetOptions,
  DatasetProgress,
  DatasetReport,
  DatasetSource,
  DatasetSummary,
  Engine,
  ReadingChoices,
  SerialisedError,
} from '../worker';
import type { ReadingProgress } from './datasetProgress';
import { nextProgress } from './datasetProgress';
import { skippedRows } from './datasetReport';
import type { AskedMapping, MappingChange } from './mapping';
import { nextMapping } from './mapping';
import { toProblem } from './problem';
import { isRecognised } from './readingChoices';
import { latestOnly } from './schedule';

/** The engine's own default share of held-out rows. */
export const DEFAULT_HELD_OUT = 0.1;
/** And of rows that are used at most. */
export const DEFAULT_MAX_ROWS = 10_000;

export interface DatasetInput {
  readonly source: DatasetSource;
  readonly options: DatasetOptions;
}

export interface LoadedDataset {
  readonly input: DatasetInput;
  readonly summary: DatasetSummary;
}

export interface DatasetState {
  /** The last one that could be read; `usableDataset` says whether the present model has read it. */
  readonly current: LoadedDataset | null;
  /** The one that was replaced, for undo. */
  readonly previous: LoadedDataset | null;
  /** Being read, or waiting for the model. */
  readonly pending: DatasetInput | null;
  /** Of `pending`, once there is something to tell. */
  readonly progress: ReadingProgress | null;
  /** Of `pending`, what its beginning gives. */
  readonly head: DatasetSummary | null;
  readonly modelReady: boolean;
  /** Whether the present model has read `current`. */
  readonly fits: boolean;
  /** Of the last attempt; the text of `current` is untouched by it. */
  readonly failure: { readonly input: DatasetInput; readonly problem: SerialisedError } | null;
}

export interface Dataset {
  readonly store: StoreApi<DatasetState>;
  open(name: string, files: readonly DatasetFile[]): void;
  /** Pasted, or a sample, of which is known what its columns are for. */
  openText(name: string, text: string, known?: Partial<ColumnMapping>): void;
  remap(change: MappingChange): void;
  setOptions(options: Pick<DatasetOptions, 'validationFraction' | 'seed' | 'maxTokens' | 'maxRows'>): void;
  /** How the files are to be read; nothing said: as recognised. The columns may be others then, and are guessed again. */
  reread(choices: ReadingChoices): void;
  /** The same for the files that could not be read. */
  rereadFailed(choices: ReadingChoices): void;
  undo(): void;
  /** Ends what is being read, where there is a dataset to go back to. */
  cancel(): void;
  dismissFailure(): void;
  /** Problems that arise before the text is there, e.g. a file that cannot be opened. */
  reject(name: string, thrown: unknown): void;
  setModelReady(ready: boolean): void;
}

const NOTHING_PENDING = { pending: null, progress: null, head: null } as const;

interface Reading {
  readonly input: DatasetInput;
  /** For which of the models so far. */
  readonly turn: number;
  /** What was in use before comes back after another could not be read, whose reason stays. */
  readonly comesBack: boolean;
}

export function createDataset(engine: Engine): Dataset {
  const store = createStore<DatasetState>(() => ({
    current: null,
    previous: null,
    ...NOTHING_PENDING,
    modelReady: false,
    fits: false,
    failure: null,
  }));
  /** Rises when a model goes; what it read says nothing of the next. */
  let turn = 0;

  /** Counts the readings, so that a late word of one that was overtaken is not taken for the newest one's. */
  let readings = 0;

  const follow = (reading: number) => (progress: DatasetProgress) => {
    if (reading !== readings) return;
    if (progress.type === 'preview') store.setState({ head: progress.summary });
    else store.setState((state) => ({ progress: nextProgress(state.progress, progress) }));
  };

  /** Who drops another file does not wait for this one; who changes its mapping waits for the file, unless that takes long. */
  const overtakes = (newer: Reading, underWay: Reading) =>
    !sameSource(newer.input, underWay.input) ||
    newer.input.options.reading !== underWay.input.options.reading ||
    isReading(store.getState());

  const read = latestOnly<Reading>(async (reading, isNewest) => {
    const { input, comesBack } = reading;
    const count = ++readings;
    store.setState({ progress: null, head: null });
    try {
      const summary = await engine.setDataset(input.source, input.options, follow(count));
      const { current, previous } = store.getState();
      const replaces = current !== null && !sameSource(current.input, input);
      store.setState({
        current: { input, summary },
        previous: replaces ? current : previous,
        fits: reading.turn === turn,
        ...(!comesBack && { failure: null }),
        ...(isNewest() && NOTHING_PENDING),
      });
    } catch (thrown) {
      if (!isNewest() || reading.turn !== turn) return;
      store.setState({ ...NOTHING_PENDING, failure: { input, problem: toProblem(thrown) } });
      const { current, fits } = store.getState();
      if (current !== null && !fits && !sameSource(current.input, input)) request(current.input, true);
    } finally {
      if (count === readings) readings++;
    }
  }, overtakes);

  const request = (input: DatasetInput, comesBack = false) => {
    store.setState({ pending: input });
    if (store.getState().modelReady) read({ input, turn, comesBack });
  };
  const changeOptions = (change: (options: DatasetOptions, mapping: AskedMapping) => DatasetOptions) => {
    const newest = newestInput(store.getState());
    if (newest === null) return;
    const { input, mapping } = newest;
    request({ source: input.source, options: change(input.options, mapping) });
  };

  let opened = 0;
  const openWith = (name: string, files: readonly DatasetFile[], options: DatasetOptions) => {
    // What was wrong with the file before says nothing of this one.
    store.setState({ failure: null });
    request({ source: { key: `source-${++opened}`, name, files }, options });
  };

  return {
    store,
    open: (name, files) => openWith(name, files, {}),
    openText: (name, text, known) =>
      openWith(name, [{ path: name, blob: new Blob([text]) }], known === undefined ? {} : { mapping: known }),
    remap: (change) => changeOptions((options, now) => ({ ...options, mapping: nextMapping(now, change) })),
    setOptions: (change) => changeOptions((options) => ({ ...options, ...change })),
    reread: (reading) => changeOptions((options) => otherwiseRead(options, reading)),
    rereadFailed: (reading) => {
      const { failure } = store.getState();
      if (failure === null || failure.input.source.files.length === 0) return;
      const { source, options } = failure.input;
      request({ source, options: otherwiseRead(options, reading) });
    },
    undo: () => {
      const { previous } = store.getState();
      if (previous !== null) request(previous.input);
    },
    cancel: () => {
      const { pending, current } = store.getState();
      if (pending !== null && current !== null) request(current.input);
    },
    dismissFailure: () => store.setState({ failure: null }),
    reject: (name, thrown) =>
      store.setState({
        failure: { input: { source: { key: '', name, files: [] }, options: {} }, problem: toProblem(thrown) },
      }),
    setModelReady: (ready) => {
      if (ready === store.getState().modelReady) return;
      store.setState({ modelReady: ready });
      if (!ready) {
        turn++;
        store.setState({ fits: false });
        return;
      }
      const { pending, current } = store.getState();
      const input = pending ?? current?.input;
      if (input !== undefined) request(input);
    },
  };
}

/** Without the mapping: the columns may be others. */
function otherwiseRead(
  { mapping: _mapping, reading: _reading, ...options }: DatasetOptions,
  reading: ReadingChoices,
): DatasetOptions {
  return { ...options, ...(!isRecognised(reading) && { reading }) };
}

/** What the present model has read: what can be trained on. */
export function usableDataset({ current, fits }: DatasetState): LoadedDataset | null {
  return fits ? current : null;
}

/** What the page shows: the beginning of the file that is being read, where there is one, else the last that was read. */
export function shownDataset({
  current,
  pending,
  head,
}: DatasetState): (LoadedDataset & { readonly whole: boolean }) | null {
  if (pending !== null && head !== null) return { input: pending, summary: head, whole: false };
  return current && { ...current, whole: true };
}

/** Whether the files are still being read, as far as was told; the rows are cut into tokens after that. */
function isReading({ progress, head }: DatasetState): boolean {
  return progress === null ? head !== null : progress.stage.type === 'reading';
}

/**
 * What a change of the form is added to: the newest input of the dataset that is shown, accepted or on its way. A mapping
 * on its way has left open what the engine is to guess, so the answer to the one before must not fill that in.
 */
function newestInput(state: DatasetState): { readonly input: DatasetInput; readonly mapping: AskedMapping } | null {
  const shown = shownDataset(state);
  if (shown === null) return null;
  const { pending } = state;
  const input = pending !== null && sameSource(pending, shown.input) ? pending : shown.input;
  const { mapping } = shown.summary;
  const asked = input.options.mapping;
  if (asked === shown.input.options.mapping) return { input, mapping };
  const { system, inputs, target } = mapping;
  return { input, mapping: { system, inputs, target, ...asked } };
}

/** The same files with other options is the same dataset: remapping is not replacing. */
function sameSource(a: DatasetInput, b: DatasetInput): boolean {
  return a.source.key === b.source.key;
}

/** The one line the step says when it holds something. */
export function datasetLine({ usableRows, mapping, labels, report }: DatasetSummary): string {
  const parts = [plural(usableRows, 'row')];
  if (mapping.task === 'classification') parts.push(plural(labels.length, 'label'));
  parts.push(...lostRows(report));
  return parts.join(', ');
}

function lostRows(report: DatasetReport): string[] {
  const counts = [
    { count: skippedRows(report), what: 'skipped' },
    { count: report.cutRows, what: 'shortened' },
  ];
  return counts.filter(({ count }) => count > 0).map(({ count, what }) => `${count.toLocaleString('en')} ${what}`);
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
