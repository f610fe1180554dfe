/**
 * The dataset: what was dropped, what the engine made of it, and the one before. A file that cannot be read never
 * displaces the one that could; a dataset that arrives before the model waits for the model's tokenizer. Another model
 * reads it anew: one that cannot has no dataset, and the next one tries again.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type {
  ColumnMapping,
  DatasetFile,
  DatasetOptions,
  DatasetSource,
  DatasetSummary,
  Engine,
  SerialisedError,
} from '../worker';
import type { MappingChange } from './mapping';
import { nextMapping } from './mapping';
import { toProblem } from './problem';
import { latestOnly } from './schedule';

/** The engine's own default share of held-out rows. */
export const DEFAULT_HELD_OUT = 0.1;

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
  readonly modelReady: boolean;
  /** Whether the present model has read `current`. */
  readonly fits: boolean;
  /** Of the last attempt; the text of `current` is untouched by it. */
  readonly failure: { readonly input: DatasetInput; readonly problem: SerialisedError } | null;
}

export interface Dataset {
  readonly store: StoreApi<DatasetState>;
  open(name: string, files: readonly DatasetFile[]): void;
  /** Pasted, or a sample. */
  openText(name: string, text: string, mapping?: Partial<ColumnMapping>): void;
  remap(change: MappingChange): void;
  setOptions(options: Pick<DatasetOptions, 'validationFraction' | 'seed'>): void;
  undo(): void;
  dismissFailure(): void;
  /** Problems that arise before the text is there, e.g. a file that cannot be opened. */
  reject(name: string, thrown: unknown): void;
  setModelReady(ready: boolean): void;
}

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
    pending: null,
    modelReady: false,
    fits: false,
    failure: null,
  }));
  /** Rises when a model goes; what it read says nothing of the next. */
  let turn = 0;

  const read = latestOnly<Reading>(async (reading, isNewest) => {
    const { input, comesBack } = reading;
    try {
      const summary = await engine.setDataset(input.source, input.options, () => {});
      const { current, previous } = store.getState();
      const replaces = current !== null && !sameSource(current.input, input);
      store.setState({
        current: { input, summary },
        previous: replaces ? current : previous,
        fits: reading.turn === turn,
        ...(!comesBack && { failure: null }),
        ...(isNewest() && { pending: null }),
      });
    } catch (thrown) {
      if (!isNewest() || reading.turn !== turn) return;
      store.setState({ pending: null, failure: { input, problem: toProblem(thrown) } });
      const { current, fits } = store.getState();
      if (current !== null && !fits && !sameSource(current.input, input)) request(current.input, true);
    }
  });

  const request = (input: DatasetInput, comesBack = false) => {
    store.setState({ pending: input });
    if (store.getState().modelReady) read({ input, turn, comesBack });
  };
  /** The newest input, accepted or on its way: what a change of the form applies to. */
  const changeOptions = (change: (loaded: LoadedDataset) => DatasetOptions) => {
    const { current } = store.getState();
    if (current !== null) request({ ...current.input, options: { ...current.input.options, ...change(current) } });
  };

  let opened = 0;
  const open = (name: string, files: readonly DatasetFile[], options: DatasetOptions = {}) =>
    request({ source: { key: `source-${++opened}`, name, files }, options });

  return {
    store,
    open: (name, files) => open(name, files),
    openText: (name, text, mapping) => open(name, [{ path: name, blob: new Blob([text]) }], mapping && { mapping }),
    remap: (change) => changeOptions(({ summary }) => ({ mapping: nextMapping(summary.mapping, change) })),
    setOptions: (options) => changeOptions(() => options),
    undo: () => {
      const { previous } = store.getState();
      if (previous !== null) request(previous.input);
    },
    dismissFailure: () => store.setState({ failure: null }),
    reject: (name, thrown) =>
      store.setState({ failure: { input: { source: { key: '', name, files: [] }, options: {} }, problem: toProblem(thrown) } }),
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

/** What the present model has read: what can be trained on. */
export function usableDataset({ current, fits }: DatasetState): LoadedDataset | null {
  return fits ? current : null;
}

/** The same files with other options is the same dataset: remapping is not replacing. */
function sameSource(a: DatasetInput, b: DatasetInput): boolean {
  return a.source.key === b.source.key;
}

/** The one line the step says when it holds something. */
export function datasetLine(summary: DatasetSummary): string {
  const parts = [`${summary.usableRows.toLocaleString('en')} rows`];
  if (summary.mapping.task === 'classification') parts.push(plural(summary.labels.length, 'label'));
  if (summary.skipped.length > 0) parts.push(`${summary.skipped.length.toLocaleString('en')} skipped`);
  if (summary.shortened.length > 0) parts.push(`${summary.shortened.length.toLocaleString('en')} shortened`);
  return parts.join(', ');
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
