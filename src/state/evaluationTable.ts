/**
 * The rows of a report as a table: which of them, in which order, page by page. One subject is looked at; what it mends
 * and spoils is told against the model alone.
 */
import type { EvaluatedRow } from '../worker';
import type { NamedSubject } from './subjects';

export const ROWS_PER_PAGE = 25;

/** Places among the subjects of a report. */
export interface Sight {
  /** The model alone; null where it is not in the report. */
  readonly base: number | null;
  readonly looked: number;
}

/** `fixed`: the model alone is wrong and the subject looked at is right; `broken`: the reverse. */
export const ROW_FILTERS = ['all', 'fixed', 'broken', 'wrong', 'right'] as const;
export type RowFilter = (typeof ROW_FILTERS)[number];

/** The line, the loss of a subject (its place), or the loss of the one looked at minus that of the model alone. */
export type RowColumn = 'line' | 'change' | number;

export interface RowOrder {
  readonly column: RowColumn;
  readonly descending: boolean;
}

/** Where the eye goes first: to the first adapter, else to the last subject. */
export function firstSight(subjects: readonly NamedSubject[]): Sight {
  const adapter = subjects.findIndex(({ subject }) => subject.type === 'adapter');
  const base = subjects.findIndex(({ subject }) => subject.type === 'model');
  return { base: base < 0 ? null : base, looked: adapter < 0 ? subjects.length - 1 : adapter };
}

const rightOf = (row: EvaluatedRow, subject: number | null): boolean | null =>
  subject === null ? null : (row.outcomes[subject]?.right ?? null);

function passes(row: EvaluatedRow, filter: RowFilter, { base, looked }: Sight): boolean {
  const [before, after] = [rightOf(row, base), rightOf(row, looked)];
  switch (filter) {
    case 'all':
      return true;
    case 'fixed':
      return before === false && after === true;
    case 'broken':
      return before === true && after === false;
    case 'wrong':
      return after === false;
    case 'right':
      return after === true;
    default:
      return filter satisfies never;
  }
}

export function filteredRows(rows: readonly EvaluatedRow[], filter: RowFilter, sight: Sight): EvaluatedRow[] {
  return rows.filter((row) => passes(row, filter, sight));
}

/** How many rows each filter leaves; null: it says nothing here, since nothing is right or wrong, or nothing to compare. */
export function countsOf(rows: readonly EvaluatedRow[], sight: Sight): Readonly<Record<RowFilter, number | null>> {
  const count = (filter: RowFilter) => filteredRows(rows, filter, sight).length;
  const judged = rows.some((row) => rightOf(row, sight.looked) !== null);
  const compared = judged && sight.base !== null && sight.base !== sight.looked;
  return {
    all: rows.length,
    fixed: compared ? count('fixed') : null,
    broken: compared ? count('broken') : null,
    wrong: judged ? count('wrong') : null,
    right: judged ? count('right') : null,
  };
}

/** Nats per token, below zero where the subject looked at finds the target likelier; null where there are no two. */
export function lossChange(row: EvaluatedRow, { base, looked }: Sight): number | null {
  const [before, after] = [base === null ? undefined : row.outcomes[base]?.loss, row.outcomes[looked]?.loss];
  return before === undefined || after === undefined ? null : after - before;
}

function sortedBy(row: EvaluatedRow, column: RowColumn, sight: Sight): number | null {
  if (column === 'line') return row.line;
  return column === 'change' ? lossChange(row, sight) : (row.outcomes[column]?.loss ?? null);
}

/** Equals stay in the order of the data. */
export function sortedRows(
  rows: readonly EvaluatedRow[],
  { column, descending }: RowOrder,
  sight: Sight,
): EvaluatedRow[] {
  return rows.toSorted((a, b) => {
    const [x, y] = [sortedBy(a, column, sight), sortedBy(b, column, sight)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const files = column === 'line' ? (a.file ?? '').localeCompare(b.file ?? '') : 0;
    const order = files === 0 ? x - y : files;
    return descending ? -order : order;
  });
}

/** A page of the rows, counted from 0; a page that is not there is the last one. */
export function pageOf<T>(
  rows: readonly T[],
  page: number,
): { readonly rows: readonly T[]; readonly at: number; readonly of: number } {
  const of = Math.max(1, Math.ceil(rows.length / ROWS_PER_PAGE));
  const at = Math.min(Math.max(0, page), of - 1);
  return { rows: rows.slice(at * ROWS_PER_PAGE, (at + 1) * ROWS_PER_PAGE), at, of };
}
