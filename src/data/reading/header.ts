/** Whether the first record of a file names its columns, and what they are called. */
import { isWellKnown } from '../names';

/** A record of the file and the line on which it begins. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * A file without a header: its first record has a sentence or a number where a name would stand, or a value that other
 * rows repeat in the same column. Well-known names and pandas' `0,1,2` are a header whatever follows.
 */
export function looksLikeData(records: readonly CsvRecord[]): boolean {
  const [first, ...rest] = records;
  if (first === undefined || rest.length === 0) return false;
  if (first.fields.some(isWellKnown) || first.fields.every((field, i) => field.trim() === String(i))) return false;
  const key = first.fields.join('\n');
  return first.fields.some((field, column) => {
    const value = field.trim();
    if (value === '') return false;
    if (value.length > 60 || /^-?\d+(\.\d+)?$/.test(value)) return true;
    const repeats = (row: CsvRecord) => row.fields[column]?.trim() === value && row.fields.join('\n') !== key;
    return rest.filter(repeats).length >= 2;
  });
}

/** How many columns there are, without those at the end that have neither a name nor anything in them: separators too many. */
export function namedWidth([header, ...rows]: readonly CsvRecord[]): number {
  const fields = header?.fields ?? [];
  let width = fields.length;
  const isBlank = (field: string | undefined) => (field ?? '').trim() === '';
  while (width > 1 && isBlank(fields[width - 1]) && rows.every((row) => isBlank(row.fields[width - 1]))) width--;
  return width;
}

/** Names without spaces around them; a nameless column is `column 3`, the second `text` is `text_2`. */
export function columnNames(header: readonly string[], named: boolean): string[] {
  const names = new Set<string>();
  header.forEach((field, index) => {
    const base = (named && field.trim()) || `column ${index + 1}`;
    let name = base;
    for (let n = 2; names.has(name); n++) name = `${base}_${n}`;
    names.add(name);
  });
  return [...names];
}
