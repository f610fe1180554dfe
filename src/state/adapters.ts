/**
 * The library: the adapters the engine holds, tuned, imported or composed, and what was measured of them on the present
 * dataset. One that is deleted stays for a moment, in which that can be undone. Those of models before can still be taken
 * away.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { AdapterSummary, Engine, SerialisedError } from '../worker';
import { toProblem } from './problem';
import type { Delay } from './schedule';
import type { Measurements } from './scores';

export interface AdaptersState extends Measurements {
  /** For the present model, oldest first. */
  readonly list: readonly AdapterSummary[];
  /** For models that were loaded before. */
  readonly others: readonly AdapterSummary[];
  /** About to be deleted. */
  readonly leaving: AdapterSummary | null;
  readonly measuringId: string | null;
  readonly importing: boolean;
  readonly composing: boolean;
  /** Of the last measurement, renaming, deletion or composition. */
  readonly libraryProblem: SerialisedError | null;
  /** Of the last import, or of the list itself. */
  readonly problem: SerialisedError | null;
}

export interface Adapters {
  readonly store: StoreApi<AdaptersState>;
  refresh(): Promise<void>;
  /** A name of blanks alone changes nothing. */
  rename(id: string, name: string): Promise<void>;
  /** Deletes it after the delay; an earlier deletion that still waits is carried out at once. */
  remove(id: string): void;
  undo(): void;
  /** The virtual tokens of one in front of those of another. */
  compose(firstId: string, secondId: string): Promise<AdapterSummary | null>;
  measure(id: string): Promise<void>;
  import(files: readonly File[]): Promise<AdapterSummary | null>;
  dismissProblem(): void;
  /** Measurements belong to a model and a dataset; one that is under way is of those before. */
  forgetMeasurements(): void;
}

/** @param onDeleted whether it could be deleted or not: what lists adapters elsewhere may have changed */
export function createAdapters(engine: Engine, delay: Delay, onDeleted: () => void): Adapters {
  const store = createStore<AdaptersState>(() => ({
    list: [],
    others: [],
    leaving: null,
    measured: {},
    measuredBase: null,
    measuringId: null,
    importing: false,
    composing: false,
    libraryProblem: null,
    problem: null,
  }));
  let cancel: (() => void) | null = null;
  /** Rises with everything that makes a measurement stale. */
  let turn = 0;

  const refresh = async () => {
    try {
      const { usable, others } = await engine.adapters();
      store.setState({ list: usable, others });
    } catch (thrown) {
      store.setState({ problem: toProblem(thrown) });
    }
  };
  /** Work on the library; null where it failed, and why stands there. */
  const attempt = async <T>(work: () => Promise<T>): Promise<T | null> => {
    store.setState({ libraryProblem: null });
    try {
      return await work();
    } catch (thrown) {
      store.setState({ libraryProblem: toProblem(thrown) });
      return null;
    }
  };
  const carryOut = async () => {
    const { leaving } = store.getState();
    cancel?.();
    cancel = null;
    if (leaving === null) return;
    // Gone from the lists at once: the engine's own come later.
    store.setState(({ list, others }) => ({
      leaving: null,
      list: without(list, leaving),
      others: without(others, leaving),
    }));
    await attempt(() => engine.deleteAdapter(leaving.id));
    onDeleted();
    await refresh();
  };

  return {
    store,
    refresh,
    async rename(id, name) {
      const given = name.trim();
      if (given === '') return;
      await attempt(() => engine.renameAdapter(id, given));
      await refresh();
    },
    remove(id) {
      void carryOut();
      const { list, others } = store.getState();
      store.setState({ leaving: [...list, ...others].find((adapter) => adapter.id === id) ?? null });
      cancel = delay(() => void carryOut());
    },
    undo: () => {
      cancel?.();
      cancel = null;
      store.setState({ leaving: null });
    },
    async compose(firstId, secondId) {
      if (store.getState().composing) return null;
      store.setState({ composing: true });
      const made = await attempt(() => engine.compose(firstId, secondId));
      await refresh();
      store.setState({ composing: false });
      return made;
    },
    async measure(id) {
      if (store.getState().measuringId !== null) return;
      const mine = turn;
      const setIfCurrent = (change: (state: AdaptersState) => Partial<AdaptersState>) => {
        if (mine === turn) store.setState(change);
      };
      store.setState({ measuringId: id, libraryProblem: null });
      try {
        const base = store.getState().measuredBase ?? (await engine.evaluate(null));
        const score = await engine.evaluate(id);
        setIfCurrent(({ measured }) => ({ measuredBase: base, measured: { ...measured, [id]: score } }));
      } catch (thrown) {
        setIfCurrent(() => ({ libraryProblem: toProblem(thrown) }));
      }
      setIfCurrent(() => ({ measuringId: null }));
    },
    async import(files) {
      store.setState({ importing: true, problem: null });
      try {
        const adapter = await engine.importAdapter(files);
        await refresh();
        return adapter;
      } catch (thrown) {
        store.setState({ problem: toProblem(thrown) });
        return null;
      } finally {
        store.setState({ importing: false });
      }
    },
    dismissProblem: () => store.setState({ problem: null }),
    forgetMeasurements() {
      turn++;
      store.setState({ measured: {}, measuredBase: null, measuringId: null, libraryProblem: null });
    },
  };
}

/** What the library shows: all of the present model but the one about to be deleted. */
export function keptAdapters({ list, leaving }: AdaptersState): readonly AdapterSummary[] {
  return leaving === null ? list : without(list, leaving);
}

/** An imported adapter keeps its name, so the two of them need telling apart. */
export function adapterLabel({ name, origin }: AdapterSummary): string {
  return origin === 'imported' ? `${name} (imported)` : name;
}

/** Those that can be put behind (or in front of) one of this method: only virtual tokens of one kind add up. */
export function composable(adapters: readonly AdapterSummary[], method: AdapterSummary['shape']['method']) {
  return method === 'lora' ? [] : adapters.filter(({ shape }) => shape.method === method);
}

function without(adapters: readonly AdapterSummary[], gone: AdapterSummary): readonly AdapterSummary[] {
  return adapters.filter(({ id }) => id !== gone.id);
}
