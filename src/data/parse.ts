/**
 * A file's text → columns and rows. Chooses the format by the ending, or by the text where the ending is unknown or
 * says something else than the content. Knows nothing of what the columns mean: that is `mapping.ts`.
 */
import { DataError } from '../errors';
import type { Reading } from '../worker/dataProtocol';
import { parseDelimited } from './delimited';
import { countValues } from './guess';
import type { LooseRow, LooseRows } from './json';
import { parseJson, parseJsonLines } from './json';
import type { DataRow, ParsedDataset } from './types';

/**
 * Reads JSON Lines, JSON, CSV or TSV. Rows that cannot be read are listed in `problems`.
 * @throws DataError where no row can be used
 */
export function parseDataset(name: string, text: string): ParsedDataset {
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (content.trim() === '') {
    throw new DataError(`${name} is empty.`, { file: name, line: 1 }, 'Drop a file with at least two rows.');
  }
  if (content.includes('\u0000')) {
    throw new DataError(
      `${name} is not a text file.`,
      { file: name },
      'Save it as CSV or JSON Lines in UTF-8 (from a spreadsheet: Save as, CSV UTF-8).',
    );
  }
  if (/^\s*<(!doctype html|html)/i.test(content)) {
    throw new DataError(
      `${name} is a web page, not a dataset.`,
      { file: name },
      'It was perhaps saved from a page that shows the dataset: download the file itself.',
    );
  }
  const { rows, problems } = looseRows(name, content);
  if (rows.length === 0) {
    const first = problems[0];
    throw new DataError(
      first === undefined
        ? `${name} has a header and no rows.`
        : `${name} has no row that can be used. Line ${first.line}: ${first.reason}.`,
      { file: name, line: first?.line ?? 1, ...(first?.column === undefined ? {} : { column: first.column }) },
      'Use a CSV or TSV file with column names in its first line, or one JSON object per line.',
    );
  }
  const columns = columnsOf(rows);
  if (columns.length === 0) {
    throw new DataError(`The rows of ${name} have no columns.`, { file: name, line: rows[0]?.line ?? 1 });
  }
  const reading: Reading = {
    format: /^\s*[[{]/.test(content) ? 'jsonl' : 'csv',
    encoding: 'utf-8',
    delimiter: null,
    header: null,
    unit: null,
    shape: 'columns',
    reason: 'By its ending and its first lines.',
    files: [{ path: name, rows: rows.length, leftOut: null }],
  };
  const problemCounts = Object.fromEntries(
    countValues(problems.map(({ kind }) => kind)).map(({ label, count }) => [label, count]),
  );
  const read = rows.length + problems.length;
  return {
    name,
    reading,
    columns,
    rows: rows.map((row) => fill(row, columns)),
    read,
    drawn: false,
    problems,
    problemCounts,
  };
}

function looseRows(name: string, text: string): LooseRows {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase();
  const first = text.trimStart()[0];
  if (ending === 'tsv' || ending === 'tab') return parseDelimited(text, '\t');
  if (ending === 'csv') return parseDelimited(text, null);
  const json = ending === 'json' || ending === 'jsonl' || ending === 'ndjson' || first === '{' || first === '[';
  if (!json) return parseDelimited(text, null);
  const wholeDocument = ending === 'json' || first === '[';
  if (oneValuePerLine(text) || (!wholeDocument && ending !== undefined)) return parseJsonLines(text);
  return parseJson(name, text);
}

/** Whether the first two lines that hold something are each enclosed in brackets, as in JSON Lines. */
function oneValuePerLine(text: string): boolean {
  const lines: string[] = [];
  for (let at = 0; at < text.length && lines.length < 2; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end).trim();
    if (line !== '') lines.push(line);
    at = end < 0 ? text.length : end + 1;
  }
  return lines.length === 2 && lines.every((line) => /^(\{.*\}|\[.*\])$/s.test(line));
}

/** Union of the rows' keys, in the order in which they first appear. */
function columnsOf(rows: readonly LooseRow[]): string[] {
  const columns = new Set<string>();
  for (const row of rows) for (const name of row.cells.keys()) columns.add(name);
  return [...columns];
}

function fill(row: LooseRow, columns: readonly string[]): DataRow {
  return { line: row.line, cells: Object.fromEntries(columns.map((name) => [name, row.cells.get(name) ?? ''])) };
}
