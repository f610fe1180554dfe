/**
 * CSV, TSV and their relatives → rows, on Papa Parse. Papa splits the text; the line numbers, the repair after a quote
 * that is never closed, and the names of columns that have none are ours.
 */
import Papa from 'papaparse';
import type { RowProblem } from '../worker/protocol';
import type { LooseRow, LooseRows } from './json';
import { lineCounter } from './lines';
import { isWellKnown } from './names';

/** A record of the file and the line on which it begins. */
interface Row {
  readonly line: number;
  readonly fields: readonly string[];
}

/** Each repair reads on from the next line; after this many the rest is read as if quotes were plain characters. */
const maxRepairs = 50;
const noQuotes = '\u0000';
const guessed = [',', '\t', ';', '|'];

/** `delimiter: null` guesses it. The first record names the columns, unless it looks like data itself. */
export function parseDelimited(text: string, delimiter: string | null): LooseRows {
  const separator = delimiter ?? guessDelimiter(text);
  const { records, problems } = readRecords(text, separator);
  const header = records[0];
  if (header === undefined) return { rows: [], problems };
  const named = !looksLikeData(records);
  const columns = columnNames(header.fields, named);
  const rows: LooseRow[] = [];
  for (const record of named ? records.slice(1) : records) {
    const problem = ragged(record, columns);
    if (problem !== null) problems.push(problem);
    else rows.push({ line: record.line, cells: new Map(columns.map((name, i) => [name, record.fields[i] ?? ''])) });
  }
  return { rows, problems: problems.sort((a, b) => a.line - b.line) };
}

function guessDelimiter(text: string): string {
  const sample = text.slice(0, 65536);
  return Papa.parse<string[]>(sample, { preview: 50, delimitersToGuess: guessed }).meta.delimiter;
}

function readRecords(text: string, delimiter: string): { records: Row[]; problems: RowProblem[] } {
  const records: Row[] = [];
  const problems: RowProblem[] = [];
  const lineAt = lineCounter(text);
  let offset = 0;
  for (let repairs = 0; offset < text.length; repairs++) {
    // Tab-separated files seldom quote, and often hold quotes as plain characters: there the first doubt decides.
    const plain = repairs >= (delimiter === '\t' ? 1 : maxRepairs);
    const broken = readFrom(text, offset, delimiter, plain, (start, fields) => {
      records.push({ line: lineAt(start), fields });
    });
    if (broken === null) break;
    const line = lineAt(broken);
    if (delimiter === '\t') {
      offset = broken;
    } else {
      problems.push({
        kind: 'unreadable',
        line,
        reason: 'a quote is opened here and not closed properly; write quotes inside a cell twice',
      });
      offset = nextLine(text, broken);
    }
  }
  return { records, problems };
}

/** Hands over records until the end (returns null) or a record with broken quotes (returns its position). */
function readFrom(
  text: string,
  offset: number,
  delimiter: string,
  plain: boolean,
  onRecord: (start: number, fields: string[]) => void,
): number | null {
  let start = offset;
  let broken: number | null = null;
  Papa.parse<string[]>(text.slice(offset), {
    delimiter,
    quoteChar: plain ? noQuotes : '"',
    step: (result, parser) => {
      if (result.errors.some((error) => error.type === 'Quotes')) {
        broken = start;
        parser.abort();
        return;
      }
      if (result.data.some((field) => field.trim() !== '')) onRecord(start, result.data);
      start = offset + result.meta.cursor;
    },
  });
  return broken;
}

function nextLine(text: string, position: number): number {
  const end = /\r\n|\n|\r/g;
  end.lastIndex = position;
  return end.exec(text) === null ? text.length : end.lastIndex;
}

/**
 * A file without a header: its first record has a sentence or a number where a name would stand, or a value that other
 * rows repeat in the same column. Well-known names and pandas' `0,1,2` are a header whatever follows.
 */
function looksLikeData(records: readonly Row[]): boolean {
  const [first, ...rest] = records;
  if (first === undefined || rest.length === 0) return false;
  if (first.fields.some(isWellKnown) || first.fields.every((field, i) => field.trim() === String(i))) return false;
  const key = first.fields.join('\n');
  return first.fields.some((field, column) => {
    const value = field.trim();
    if (value === '') return false;
    if (value.length > 60 || /^-?\d+(\.\d+)?$/.test(value)) return true;
    const repeats = (row: Row) => row.fields[column]?.trim() === value && row.fields.join('\n') !== key;
    return rest.slice(0, 1000).filter(repeats).length >= 2;
  });
}

/** Names without spaces around them; a nameless column is `column 3`, the second `text` is `text_2`. */
function columnNames(header: readonly string[], named: boolean): string[] {
  const names: string[] = [];
  header.forEach((field, index) => {
    const base = (named && field.trim()) || `column ${index + 1}`;
    let name = base;
    for (let n = 2; names.includes(name); n++) name = `${base}_${n}`;
    names.push(name);
  });
  return names;
}

function ragged({ line, fields }: Row, columns: readonly string[]): RowProblem | null {
  if (fields.length < columns.length) {
    const missing = columns[fields.length];
    return {
      kind: 'ragged',
      line,
      ...(missing === undefined ? {} : { column: missing }),
      reason: `${fields.length} of ${columns.length} cells; nothing for "${missing}"`,
    };
  }
  if (fields.slice(columns.length).every((field) => field.trim() === '')) return null;
  return {
    kind: 'ragged',
    line,
    reason: `${fields.length} cells where the header has ${columns.length}; put quotes around a cell that holds the separator`,
  };
}
