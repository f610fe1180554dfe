/** Datasets as they are read, made by hand: what the steps after reading are tested on. */
import type { ParsedDataset } from '../../src/data';

type Row = ParsedDataset['rows'][number];
type Cells = Row['cells'];
type Others = Partial<Omit<ParsedDataset, 'reading' | 'rows'>> & {
  readonly shape?: ParsedDataset['reading']['shape'];
};

/** A row's line is its place. */
export function parsedCells(rows: readonly Cells[], others?: Others): ParsedDataset {
  return parsedRows(
    rows.map((cells) => ({ cells })),
    others,
  );
}

/** Cells that a row does not have are empty. */
export function parsedRows(
  rows: readonly (Partial<Row> & Pick<Row, 'cells'>)[],
  { shape = 'columns', ...others }: Others = {},
): ParsedDataset {
  const columns = [...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))];
  const files = [...new Set(rows.flatMap(({ file }) => file ?? []))];
  const empty = Object.fromEntries(columns.map((column) => [column, '']));
  return {
    name: 'data',
    reading: {
      format: 'jsonl',
      encoding: 'utf-8',
      delimiter: null,
      header: null,
      unit: null,
      shape,
      reason: 'By hand.',
      files: files.map((path) => ({ path, rows: 0, leftOut: null })),
    },
    columns,
    rows: rows.map(({ cells, ...row }, i) => ({ line: i + 1, ...row, cells: { ...empty, ...cells } })),
    read: rows.length,
    drawn: false,
    problems: [],
    problemCounts: {},
    ...others,
  };
}
