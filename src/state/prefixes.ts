/**
 * The prefixes the engine holds, tuned or imported, and what was measured of them on the present dataset. A run reports
 * its own numbers; an imported prefix is measured when asked. Those of models before can still be taken away.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { AdapterSummary, DatasetSummary, Engine, SerialisedError } from '../worker';
import { toProblem } from './problem';

export interface Score {
  readonly loss: number;
  /** 0..1; null where the task has no labels. */
  readonly accuracy: number | null;
}

export interface PrefixesState {
  /** For the present model. */
  readonly list: readonly AdapterSummary[];
  /** For models that were loaded before. */
  readonly others: readonly AdapterSummary[];
  /** Measured on the present dataset by hand. */
  readonly measured: Readonly<Record<string, Score>>;
  readonly measuredBase: Score | null;
  readonly measuringId: string | null;
  readonly importing: boolean;
  /** Of the last measurement. */
  readonly measureProblem: SerialisedError | null;
  /** Of the last import. */
  readonly problem: SerialisedError | null;
}

export interface ScoreRow {
  readonly prefix: AdapterSummary;
  readonly base: Score | null;
  readonly tuned: Score | null;
  /** Measured by hand on the present dataset; otherwise the run's own numbers, on its data. */
  readonly byHand: boolean;
}

export interface Prefixes {
  readonly store: StoreApi<PrefixesState>;
  refresh(): Promise<void>;
  measure(id: string): Promise<void>;
  import(files: readonly File[]): Promise<AdapterSummary | null>;
  dismissProblem(): void;
  /** Measurements belong to a dataset. */
  forgetMeasurements(): void;
}

export function createPrefixes(engine: Engine): Prefixes {
  const store = createStore<PrefixesState>(() => ({
    list: [],
    others: [],
    measured: {},
    measuredBase: null,
    measuringId: null,
    importing: false,
    measureProblem: null,
    problem: null,
  }));
  const refresh = async () => {
    try {
      const { usable, others } = await engine.adapters();
      store.setState({ list: usable, others });
    } catch (thrown) {
      store.setState({ problem: toProblem(thrown) });
    }
  };
  return {
    store,
    refresh,
    async measure(id) {
      if (store.getState().measuringId !== null) return;
      store.setState({ measuringId: id, measureProblem: null });
      try {
        const base = store.getState().measuredBase ?? (await engine.evaluate(null));
        const score = await engine.evaluate(id);
        store.setState(({ measured }) => ({ measuredBase: base, measured: { ...measured, [id]: score } }));
      } catch (thrown) {
        store.setState({ measureProblem: toProblem(thrown) });
      } finally {
        store.setState({ measuringId: null });
      }
    },
    async import(files) {
      store.setState({ importing: true, problem: null });
      try {
        const prefix = await engine.importAdapter(files);
        await refresh();
        return prefix;
      } catch (thrown) {
        store.setState({ problem: toProblem(thrown) });
        return null;
      } finally {
        store.setState({ importing: false });
      }
    },
    dismissProblem: () => store.setState({ problem: null }),
    forgetMeasurements: () => store.setState({ measured: {}, measuredBase: null, measureProblem: null }),
  };
}

/** An imported prefix keeps its name, so the two of them need telling apart. */
export function prefixLabel({ name, origin }: AdapterSummary): string {
  return origin === 'imported' ? `${name} (imported)` : name;
}

/** Base against tuned, one row per prefix: a measurement by hand is newer than the run's own numbers. */
export function scoreRows({ list, measured, measuredBase }: PrefixesState): ScoreRow[] {
  return list.map((prefix) => {
    const byHand = measured[prefix.id];
    if (byHand !== undefined) return { prefix, base: measuredBase, tuned: byHand, byHand: true };
    return {
      prefix,
      base: toScore(prefix.baseLoss, prefix.baseAccuracy),
      tuned: toScore(prefix.loss, prefix.accuracy),
      byHand: false,
    };
  });
}

/** On what a run's own numbers were measured, in words, where that is not the present dataset; otherwise null. */
export function measuredOn(
  { template }: Pick<AdapterSummary, 'template'>,
  runData: string | null,
  present: Pick<DatasetSummary, 'name' | 'mapping'> | null,
): string | null {
  if (runData === null || present === null) return null;
  if (runData !== present.name) return `measured on ${runData}`;
  return template === present.mapping.template ? null : 'measured with another template';
}

function toScore(loss: number | null, accuracy: number | null): Score | null {
  return loss === null ? null : { loss, accuracy };
}
