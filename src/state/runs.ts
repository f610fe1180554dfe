/**
 * The runs this browser keeps: a table of them, several chosen for one chart, new names, and deletion that waits a moment
 * so that it can be undone. A copy of a run is its settings in the form.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { ExportedFile, KeptRun, RunCurve, RunListing, RunsEngine, SerialisedError, TuneSettings } from '../worker';
import { type Difference, differences } from './differences';
import { toProblem } from './problem';
import { isActive, type RunRecord } from './run';
import { curveOf, type OverlayLine, type RunRow, runRow, toJsonLines } from './runTable';
import type { Delay } from './schedule';
import { fromTuneSettings, type Settings } from './settings';

export interface RunsState {
  /** null until the engine has looked. */
  readonly listing: RunListing | null;
  /** In the order they were chosen. */
  readonly selectedIds: readonly string[];
  readonly curves: Readonly<Record<string, RunCurve>>;
  /** About to be deleted. */
  readonly leaving: readonly KeptRun[];
  readonly problem: SerialisedError | null;
}

export interface Runs {
  readonly store: StoreApi<RunsState>;
  refresh(): Promise<void>;
  /** A live run, alone or of a sweep, has changed: the list is read anew when it begins to be kept, and when it ends. */
  follow(live: RunRecord | null | undefined, before: RunRecord | null | undefined): Promise<void>;
  select(id: string, selected: boolean): void;
  rename(id: string, name: string): Promise<void>;
  /** Its settings into the form. */
  duplicate(id: string): void;
  /** After the delay; an earlier deletion that still waits is carried out at once. */
  remove(ids: readonly string[]): void;
  undo(): void;
  /** As JSON lines: configuration, metrics and curve of each. */
  export(ids: readonly string[]): Promise<void>;
}

export interface RunsOptions {
  readonly delay: Delay;
  readonly save: (file: ExportedFile) => void;
  readonly settings: Settings;
  /** Runs take their adapters along. */
  readonly onDeleted: () => void;
}

export function createRuns(engine: RunsEngine, { delay, save, settings, onDeleted }: RunsOptions): Runs {
  const store = createStore<RunsState>(() => ({
    listing: null,
    selectedIds: [],
    curves: {},
    leaving: [],
    problem: null,
  }));
  let cancel: (() => void) | null = null;
  /** What goes wrong is told, and the rest stays. */
  const attempt = async (work: () => Promise<void>) => {
    store.setState({ problem: null });
    await work().catch((thrown: unknown) => store.setState({ problem: toProblem(thrown) }));
  };
  const find = (id: string) => store.getState().listing?.runs.find((one) => one.id === id);

  const list = async () => store.setState({ listing: await engine.runs() });
  const loadCurve = async (id: string) => {
    const curve = await engine.runCurve(id);
    if (curve !== null) store.setState(({ curves }) => ({ curves: { ...curves, [id]: curve } }));
  };
  const carryOut = async () => {
    const { leaving } = store.getState();
    cancel?.();
    cancel = null;
    if (leaving.length === 0) return;
    const gone = new Set(leaving.map(({ id }) => id));
    // Gone from the list at once: the engine's own list comes later.
    store.setState(({ listing, selectedIds }) => ({
      leaving: [],
      listing: listing && { ...listing, runs: listing.runs.filter(({ id }) => !gone.has(id)) },
      selectedIds: selectedIds.filter((id) => !gone.has(id)),
    }));
    await attempt(async () => {
      await engine.deleteRuns([...gone]).finally(list);
    });
    onDeleted();
  };

  return {
    store,
    refresh: () => attempt(list),
    async follow(live, before) {
      const isSame = live?.keptId === before?.keptId;
      const hasTurned = isActive(live) !== isActive(before);
      // Of a sweep, the next run may have begun in the moment in which this one ended.
      const concerned = isSame ? [hasTurned ? live : null] : [live, isActive(before) ? before : null];
      const changed = concerned.flatMap((record) => record?.keptId ?? []);
      if (changed.length === 0) return;
      await attempt(async () => {
        await list();
        // What was drawn of it so far is shorter than what is kept now.
        for (const id of changed) if (store.getState().selectedIds.includes(id)) await loadCurve(id);
      });
    },
    select(id, selected) {
      store.setState(({ selectedIds }) => {
        const others = selectedIds.filter((one) => one !== id);
        return { selectedIds: selected ? [...others, id] : others };
      });
      if (selected && store.getState().curves[id] === undefined) void attempt(() => loadCurve(id));
    },
    rename: (id, name) =>
      attempt(async () => {
        if (name.trim() === '' || find(id)?.name === name.trim()) return;
        await engine.renameRun(id, name.trim());
        await list();
      }),
    duplicate(id) {
      const kept = find(id);
      if (kept) settings.set(fromTuneSettings(kept.settings));
    },
    remove(ids) {
      void carryOut();
      const leaving = store.getState().listing?.runs.filter((kept) => ids.includes(kept.id)) ?? [];
      store.setState({ leaving, problem: null });
      cancel = delay(() => void carryOut());
    },
    undo() {
      cancel?.();
      cancel = null;
      store.setState({ leaving: [] });
    },
    export: (ids) =>
      attempt(async () => {
        for (const id of ids) if (store.getState().curves[id] === undefined) await loadCurve(id);
        const { listing, curves } = store.getState();
        const runs = listing?.runs.filter(({ id }) => ids.includes(id)) ?? [];
        save({ name: 'runs.jsonl', bytes: new TextEncoder().encode(toJsonLines(runs, curves)) });
      }),
  };
}

export function runRows(state: RunsState, live: RunRecord | undefined): RunRow[] {
  return listedRuns(state).map((run) => runRow(run, live));
}

/** The chosen runs that have a curve yet. */
export function overlayLines(state: RunsState, live: RunRecord | undefined): OverlayLine[] {
  return chosen(state).flatMap(({ id, name }) => {
    const curve = live?.keptId === id && isActive(live) ? curveOf(live) : state.curves[id];
    return curve === undefined ? [] : [{ id, name, curve }];
  });
}

/** Between the chosen runs, in the order of `overlayLines`. */
export function chosenDifferences(state: RunsState): Difference[] {
  return differences(chosen(state));
}

/** All but those about to be deleted, oldest first. */
export function listedRuns({ listing, leaving }: RunsState): KeptRun[] {
  return listing?.runs.filter(({ id }) => !leaving.some((run) => run.id === id)) ?? [];
}

/** Of the adapter that a run left; null where it left none, or where that is gone. */
export function adapterIdOf(state: RunsState, runId: string | null): string | null {
  return state.listing?.runs.find(({ id }) => id === runId)?.adapter?.id ?? null;
}

/** Of the run that left an adapter; null where none is known, as of one that was brought. */
export function settingsOf(state: RunsState, adapterId: string | null): TuneSettings | null {
  return state.listing?.runs.find(({ adapter }) => adapter !== null && adapter.id === adapterId)?.settings ?? null;
}

function chosen(state: RunsState): KeptRun[] {
  const runs = listedRuns(state);
  return state.selectedIds.flatMap((id) => runs.find((run) => run.id === id) ?? []);
}
