/** The runs of a sweep as rows of a table that can be sorted by any of its columns. */
import type { SweepResult, SweepRun } from '../worker';

type Value = string | number | null;

const COLUMNS = {
  run: ({ id }) => id,
  method: ({ point }) => point.method,
  size: ({ point }) => point.size,
  learningRate: ({ point }) => point.learningRate,
  init: ({ point }) => point.init?.type ?? null,
  seed: ({ point }) => point.seed,
  parameters: (run) => resultOf(run)?.parameters ?? null,
  step: (run) => resultOf(run)?.step ?? null,
  loss: (run) => resultOf(run)?.loss ?? null,
  accuracy: (run) => resultOf(run)?.accuracy ?? null,
} as const satisfies Record<string, (run: SweepRun) => Value>;

export type SweepColumn = keyof typeof COLUMNS;

export interface SweepOrder {
  readonly column: SweepColumn;
  readonly descending: boolean;
}

export function resultOf({ state }: SweepRun): SweepResult | null {
  return state.status === 'done' || state.status === 'stopped-early' ? state.result : null;
}

/** What is not known stands last in both directions; equals stay in the order they are run. */
export function sortedRuns(runs: readonly SweepRun[], { column, descending }: SweepOrder): SweepRun[] {
  const of: (run: SweepRun) => Value = COLUMNS[column];
  return runs.toSorted((a, b) => {
    const [x, y] = [of(a), of(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
    return descending ? -order : order;
  });
}

/** Another column from its least value on, the same one the other way round. */
export function reordered({ column, descending }: SweepOrder, chosen: SweepColumn): SweepOrder {
  return { column: chosen, descending: chosen === column && !descending };
}
