import { expect, it } from 'vitest';
import { drawRows } from '../../src/evaluation';

const rows = Array.from({ length: 50 }, (_, i) => i);

it('rows are drawn in their own order, the same for the same seed', () => {
  const drawn = drawRows(rows, 10, 1);
  expect(drawn).toHaveLength(10);
  expect(drawn).toEqual([...new Set(drawn)].toSorted((a, b) => a - b));
  expect(drawRows(rows, 10, 1)).toEqual(drawn);
  expect(drawRows(rows, 10, 2)).not.toEqual(drawn);
});

it('all rows are taken where there are no more', () => {
  expect(drawRows(rows, 50, 1)).toEqual(rows);
  expect(drawRows(rows, 99, 1)).toEqual(rows);
});
