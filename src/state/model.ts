/**
 * The model: where it comes from, on which device, how far its loading is. Loading is one at a time and the newest wish
 * wins, so that switching the device twice in a row loads once. The engine lets go of a model before it reads the next,
 * since memory may not hold two; so what was loaded before is remembered as a way back.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { DeviceChoice, Engine, LoadProgress, ModelSource, ModelSummary, SerialisedError } from '../worker';
import { BUNDLED_MODEL } from './modelAddress';
import { toProblem } from './problem';
import { latestOnly } from './schedule';

export type ModelPhase =
  | { readonly status: 'empty' }
  | {
      readonly status: 'loading';
      readonly progress: LoadProgress | null;
      /** 0..1 of the bar; never falls. */
      readonly share: number;
    }
  | { readonly status: 'ready'; readonly summary: ModelSummary }
  | { readonly status: 'cancelled' }
  | { readonly status: 'failed'; readonly problem: SerialisedError };

export interface NamedSource {
  readonly source: ModelSource;
  readonly name: string;
}

export interface ModelState {
  readonly source: ModelSource;
  readonly device: DeviceChoice;
  readonly phase: ModelPhase;
  /** The last one that could be used. */
  readonly lastReady: NamedSource | null;
}

type Request = Pick<ModelState, 'source' | 'device'>;

export interface Model {
  readonly store: StoreApi<ModelState>;
  /** Loads `source`, or the present source again; nothing happens where it is on its way. */
  load(source?: ModelSource): void;
  /** Ends the loading that is under way; what has arrived of it stays in the browser's cache. */
  cancel(): void;
  /** Keeps the model and loads it on another device. */
  chooseDevice(device: DeviceChoice): void;
}

/** @param attach what a source needs beside it on its way to the engine */
export function createModel(
  engine: Engine,
  start: Request,
  attach: (source: ModelSource) => ModelSource = (source) => source,
): Model {
  const store = createStore<ModelState>(() => ({ ...start, phase: { status: 'empty' }, lastReady: null }));
  /** Rises with every wish; what an older one brings is dropped. */
  let turn = 0;
  let unloading: Promise<unknown> = Promise.resolve();

  const run = latestOnly<Request & { readonly mine: number }>(async ({ source, device, mine }) => {
    await unloading;
    if (mine !== turn) return;
    try {
      const summary = await engine.loadModel(attach(source), device, (now) => {
        const { phase } = store.getState();
        if (phase.status !== 'loading' || mine !== turn) return;
        const progress = neverBack(phase.progress, now);
        store.setState({ phase: { status: 'loading', progress, share: Math.max(phase.share, shareOf(progress)) } });
      });
      if (mine !== turn) return;
      store.setState({ phase: { status: 'ready', summary }, lastReady: { source, name: summary.name } });
    } catch (thrown) {
      if (mine === turn) store.setState({ phase: { status: 'failed', problem: toProblem(thrown) } });
    }
  });
  const unload = () => {
    const mine = turn;
    unloading = engine.unloadModel().catch((thrown) => {
      if (mine === turn) store.setState({ phase: { status: 'failed', problem: toProblem(thrown) } });
    });
  };
  const request = (change: Partial<Request>) => {
    // What nobody waits for any more is not fetched to its end.
    if (store.getState().phase.status === 'loading') unload();
    store.setState({ ...change, phase: { status: 'loading', progress: null, share: 0 } });
    const { source, device } = store.getState();
    run({ source, device, mine: ++turn });
  };
  return {
    store,
    load: (source) => {
      const state = store.getState();
      if (state.phase.status === 'loading' && sameSource(source ?? state.source, state.source)) return;
      request(source === undefined ? {} : { source });
    },
    cancel: () => {
      if (store.getState().phase.status !== 'loading') return;
      turn++;
      store.setState({ phase: { status: 'cancelled' } });
      unload();
    },
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

function shareOf(progress: LoadProgress): number {
  if (progress.status !== 'downloading') return 1;
  return progress.total === null || progress.total === 0 ? 0 : progress.loaded / progress.total;
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

/** The way back from a model that is not there: the last one that worked, or the one that came with the page. */
export function wayBack({ source, lastReady }: ModelState): NamedSource | null {
  const bundled: NamedSource = { source: { type: 'bundled', name: BUNDLED_MODEL }, name: BUNDLED_MODEL };
  return [lastReady, bundled].find((other) => other !== null && !sameSource(other.source, source)) ?? null;
}

function sameSource(a: ModelSource, b: ModelSource): boolean {
  return a === b || (a.type !== 'files' && JSON.stringify(a) === JSON.stringify(b));
}

export function summaryOf(state: ModelState): ModelSummary | null {
  return state.phase.status === 'ready' ? state.phase.summary : null;
}
