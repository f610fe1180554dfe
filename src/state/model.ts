/**
 * The model: where it comes from, on which device, how far its loading is. Loading is one at a time and the newest wish
 * wins, so that switching the device twice in a row loads once.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { DeviceChoice, Engine, LoadProgress, ModelSource, ModelSummary, SerialisedError } from '../worker';
import { toProblem } from './problem';
import { latestOnly } from './schedule';

export const BUNDLED_MODEL = 'fable-7m';

export type ModelPhase =
  | { readonly status: 'empty' }
  | { readonly status: 'loading'; readonly progress: LoadProgress | null }
  | { readonly status: 'ready'; readonly summary: ModelSummary }
  | { readonly status: 'failed'; readonly problem: SerialisedError };

export interface ModelState {
  readonly source: ModelSource;
  readonly device: DeviceChoice;
  readonly phase: ModelPhase;
}

export interface Model {
  readonly store: StoreApi<ModelState>;
  /** Loads `source`, or the present source again. */
  load(source?: ModelSource): void;
  /** Keeps the model and loads it on another device. */
  chooseDevice(device: DeviceChoice): void;
}

export function createModel(engine: Engine, start: Pick<ModelState, 'source' | 'device'>): Model {
  const store = createStore<ModelState>(() => ({ ...start, phase: { status: 'empty' } }));
  const run = latestOnly<Pick<ModelState, 'source' | 'device'>>(async ({ source, device }, isNewest) => {
    store.setState({ phase: { status: 'loading', progress: null } });
    let phase: ModelPhase;
    try {
      const summary = await engine.loadModel(source, device, (progress) => {
        const { phase } = store.getState();
        if (phase.status !== 'loading' || !isNewest()) return;
        store.setState({ phase: { status: 'loading', progress: neverBack(phase.progress, progress) } });
      });
      phase = { status: 'ready', summary };
    } catch (thrown) {
      phase = { status: 'failed', problem: toProblem(thrown) };
    }
    if (isNewest()) store.setState({ phase });
  });
  const request = (change: Partial<Pick<ModelState, 'source' | 'device'>>) => {
    store.setState({ ...change, phase: { status: 'loading', progress: null } });
    const { source, device } = store.getState();
    run({ source, device });
  };
  return {
    store,
    load: (source) => request(source === undefined ? {} : { source }),
    chooseDevice: (device) => {
      if (device !== store.getState().device) request({ device });
    },
  };
}

/** Bytes that were reported once stay reported, whatever order the messages of two files come in. */
export function neverBack(before: LoadProgress | null, now: LoadProgress): LoadProgress {
  if (before?.status !== 'downloading' || now.status !== 'downloading') return now;
  return now.loaded >= before.loaded ? now : { ...now, loaded: before.loaded, total: before.total ?? now.total };
}

/** What a source is called before its files were read. */
export function sourceName(source: ModelSource): string {
  switch (source.type) {
    case 'bundled':
      return source.name;
    case 'hub':
      return source.repo;
    case 'url':
      return source.url.slice(source.url.lastIndexOf('/') + 1);
    case 'files': {
      const path = source.files.find((file) => file.name.endsWith('.onnx'))?.name ?? source.files[0]?.name ?? 'files';
      return path.replace(/\.onnx$/, '');
    }
    default:
      return source satisfies never;
  }
}

export function summaryOf(state: ModelState): ModelSummary | null {
  return state.phase.status === 'ready' ? state.phase.summary : null;
}
