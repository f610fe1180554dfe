/**
 * The dataset: what was dropped, what the engine made of it, and the one before. A file that cannot be read never
 * displaces the one that could; a dataset that arrives before the model waits for the model's tokenizer.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { DatasetOptions, DatasetSummary, Engine, SerialisedError } from '../worker';
import type { MappingChange } from './mapping';
import { nextMapping } from './mapping';
import { toProblem } from './problem';
import { latestOnly } from './schedule';

/** The engine's own default share of held-out rows. */
export const DEFAULT_HELD_OUT = 0.1;

export interface DatasetInput {
  readonly name: string;
  readonly text: string;
  readonly options: DatasetOptions;
}

export interface LoadedDataset {
  readonly input: DatasetInput;
  readonly summary: DatasetSummary;
}

export interface DatasetState {
  readonly current: LoadedDataset | null;
  /** The one that was replaced, for undo. */
  readonly previous: LoadedDataset | null;
  /** Being read, or waiting for the model. */
  readonly pending: DatasetInput | null;
  readonly modelReady: boolean;
  /** Of the last attempt; `current` is untouched by it. */
  readonly failure: { readonly input: DatasetInput; readonly problem: SerialisedError } | null;
}

export interface Dataset {
  readonly store: StoreApi<DatasetState>;
  open(name: string, text: string): void;
  remap(change: MappingChange): void;
  setOptions(options: Pick<DatasetOptions, 'validationFraction' | 'seed'>): void;
  undo(): void;
  dismissFailure(): void;
  /** Problems that arise before the text is there, e.g. a file that cannot be opened. */
  reject(name: string, thrown: unknown): void;
  setModelReady(ready: boolean): void;
}

export function createDataset(engine: Engine): Dataset {
  const store = createStore<DatasetState>(() => ({
    current: null,
    previous: null,
    pending: null,
    modelReady: false,
    failure: null,
  }));

  const read = latestOnly<DatasetInput>(async (input, isNewest) => {
    try {
      const summary = await engine.setDataset(input.name, input.text, input.options);
      const { current, previous } = store.getState();
      const replaces = current !== null && !sameSource(current.input, input);
      store.setState({
        current: { input, summary },
        previous: replaces ? current : previous,
        failure: null,
        ...(isNewest() && { pending: null }),
      });
    } catch (thrown) {
      if (isNewest()) store.setState({ pending: null, failure: { input, problem: toProblem(thrown) } });
    }
  });

  const request = (input: DatasetInput) => {
    store.setState({ pending: input });
    if (store.getState().modelReady) read(input);
  };
  /** The newest input, accepted or on its way: what a change of the form applies to. */
  const changeOptions = (change: (loaded: LoadedDataset) => DatasetOptions) => {
    const { current } = store.getState();
    if (current !== null) request({ ...current.input, options: { ...current.input.options, ...change(current) } });
  };

  return {
    store,
    open: (name, text) => request({ name, text, options: {} }),
    remap: (change) => changeOptions(({ summary }) => ({ mapping: nextMapping(summary.mapping, change) })),
    setOptions: (options) => changeOptions(() => options),
    undo: () => {
      const { previous } = store.getState();
      if (previous !== null) request(previous.input);
    },
    dismissFailure: () => store.setState({ failure: null }),
    reject: (name, thrown) =>
      store.setState({ failure: { input: { name, text: '', options: {} }, problem: toProblem(thrown) } }),
    setModelReady: (ready) => {
      if (ready === store.getState().modelReady) return;
      store.setState({ modelReady: ready });
      if (!ready) return;
      const { pending, current } = store.getState();
      const input = pending ?? current?.input;
      if (input !== undefined) request(input);
    },
  };
}

/** The same text with other options is the same dataset: remapping is not replacing. */
function sameSource(a: DatasetInput, b: DatasetInput): boolean {
  return a.name === b.name && a.text === b.text;
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
