/** The rows of a report: what tuning mends and spoils, the order they stand in, and their pages. */
import { describe, expect, it } from 'vitest';
import {
  countsOf,
  filteredRows,
  firstSight,
  lossChange,
  pageOf,
  ROWS_PER_PAGE,
  type Sight,
  sortedRows,
} from '../../src/state/evaluationTable';
import type { NamedSubject } from '../../src/state/subjects';
import type { EvaluatedRow, EvaluationSubject } from '../../src/worker/protocol';

const outcome = (right: boolean | null, loss: number) => ({ answer: '', right, loss, probabilities: null });
const row = (line: number, alone: [boolean | null, number], tuned: [boolean | null, number]): EvaluatedRow => ({
  line,
  prompt: '',
  target: '',
  outcomes: [outcome(...alone), outcome(...tuned)],
});

const FIXED = row(9, [false, 2], [true, 0.5]);
const BROKEN = row(2, [true, 0.4], [false, 1.4]);
const KEPT = row(5, [true, 0.3], [true, 0.2]);
const ROWS = [FIXED, BROKEN, KEPT];
const SIGHT: Sight = { base: 0, looked: 1 };

const named = (subject: EvaluationSubject): NamedSubject => ({ subject, name: '', tone: 'base' });
const lines = (rows: readonly EvaluatedRow[]) => rows.map(({ line }) => line);

describe('the filters of rows', () => {
  it('tell what the subject looked at mends and spoils', () => {
    expect(filteredRows(ROWS, 'fixed', SIGHT)).toEqual([FIXED]);
    expect(filteredRows(ROWS, 'broken', SIGHT)).toEqual([BROKEN]);
    expect(filteredRows(ROWS, 'wrong', SIGHT)).toEqual([BROKEN]);
    expect(filteredRows(ROWS, 'right', SIGHT)).toEqual([FIXED, KEPT]);
    expect(filteredRows(ROWS, 'all', SIGHT)).toEqual(ROWS);
  });

  it('have counts, and none where nothing is right or wrong or nothing is compared', () => {
    expect(countsOf(ROWS, SIGHT)).toEqual({ all: 3, fixed: 1, broken: 1, wrong: 1, right: 2 });
    const persona = [row(1, [null, 2], [null, 1])];
    expect(countsOf(persona, SIGHT)).toEqual({ all: 1, fixed: null, broken: null, wrong: null, right: null });
    const alone = countsOf(ROWS, { base: 0, looked: 0 });
    expect([alone.fixed, alone.broken, alone.wrong]).toEqual([null, null, 1]);
    expect(countsOf(ROWS, { base: null, looked: 1 }).fixed).toBeNull();
  });

  it('look first at an adapter, against the model alone', () => {
    const model = named({ type: 'model' });
    const shots = named({ type: 'few-shot', examples: 4 });
    const adapter = named({ type: 'adapter', id: 'p' });
    expect(firstSight([model, shots, adapter])).toEqual({ base: 0, looked: 2 });
    expect(firstSight([model, shots])).toEqual({ base: 0, looked: 1 });
    expect(firstSight([shots, adapter])).toEqual({ base: null, looked: 1 });
  });
});

describe('the order of rows', () => {
  it('is by line, by the loss of a subject, or by how the loss changes', () => {
    expect(lines(sortedRows(ROWS, { column: 'line', descending: false }, SIGHT))).toEqual([2, 5, 9]);
    expect(lines(sortedRows(ROWS, { column: 1, descending: true }, SIGHT))).toEqual([2, 9, 5]);
    expect(lines(sortedRows(ROWS, { column: 'change', descending: false }, SIGHT))).toEqual([9, 5, 2]);
    expect(lossChange(FIXED, SIGHT)).toBe(-1.5);
  });

  it('puts rows without the loss last both ways, and lines of one file together', () => {
    const without = { ...row(1, [true, 1], [true, 1]), outcomes: [outcome(true, 1)] };
    for (const descending of [false, true]) {
      expect(sortedRows([without, ...ROWS], { column: 'change', descending }, SIGHT).at(-1)).toBe(without);
    }
    const files = [
      { ...row(1, [true, 1], [true, 1]), file: 'b.csv' },
      { ...row(7, [true, 1], [true, 1]), file: 'a.csv' },
    ];
    expect(lines(sortedRows(files, { column: 'line', descending: false }, SIGHT))).toEqual([7, 1]);
  });
});

it('a page holds 25 rows, and one that is not there is the last', () => {
  const numbers = Array.from({ length: 2 * ROWS_PER_PAGE + 3 }, (_, at) => at);
  expect(pageOf(numbers, 0)).toMatchObject({ at: 0, of: 3 });
  expect(pageOf(numbers, 9).rows).toEqual([50, 51, 52]);
  expect(pageOf([], 0)).toEqual({ rows: [], at: 0, of: 1 });
});
