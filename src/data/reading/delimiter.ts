/** Which character parts a file's cells: the one by which most of the first records have as many cells as the first. */
import Papa from 'papaparse';
import { lineEndOf } from './lines';

interface Delimiter {
  readonly delimiter: string;
  readonly why: string;
}

/** In the order in which they win where several part the records alike: prose has commas of its own. */
const delimiters = [
  ['\t', 'tab'],
  [';', 'semicolon'],
  [',', 'comma'],
  ['|', 'pipe'],
] as const;
/** Looked for only in tables that none of those parts evenly, and only where each line has as many. */
const rareDelimiters = ['~', '^', '::'];
const recordsLooked = 50;
/** Where the ending does not say that it is a table. */
const enoughAlike = 0.8;

interface Score {
  readonly delimiter: string;
  /** Of the first record. */
  readonly cells: number;
  readonly alike: number;
  readonly records: number;
}

/** null where none does. @param named what the file's name, or a person, says: a table, parted by tabs */
export function chooseDelimiter(
  { text, whole }: { readonly text: string; readonly whole: boolean },
  chosen: string | undefined,
  named: { readonly isTable: boolean; readonly hasTabs: boolean },
): Delimiter | null {
  if (chosen !== undefined) return { delimiter: chosen, why: `the separator is ${nameOf(chosen)}, as chosen` };
  const sample = text.slice(0, 65536);
  const cut = !whole || sample.length < text.length;
  const scores = scoresOf(
    sample,
    cut,
    delimiters.map(([delimiter]) => delimiter),
  );
  const usual = (named.hasTabs ? scores.find(({ delimiter }) => delimiter === '\t') : undefined) ?? scores[0];
  const rare = named.isTable && !isEven(usual) ? scoresOf(sample, cut, rareDelimiters).find(isEven) : undefined;
  const best = rare ?? usual;
  if (best === undefined) return null;
  const { delimiter, cells, alike, records } = best;
  if (!named.isTable) {
    if (records < 2 || alike / records < enoughAlike || (delimiter === ',' && isProse(sample))) return null;
  }
  const parts = spoken(delimiter, cells - 1);
  return { delimiter, why: `${alike} of the first ${records} lines have ${parts}` };
}

/** Of those that part anything, the most even first. */
function scoresOf(sample: string, cut: boolean, candidates: readonly string[]): Score[] {
  return candidates
    .map((delimiter) => score(sample, cut, delimiter))
    .filter(({ cells }) => cells > 1)
    .sort((a, b) => b.alike / b.records - a.alike / a.records);
}

function isEven(found: Score | undefined): boolean {
  return found !== undefined && found.records > 1 && found.alike === found.records;
}

function score(sample: string, cut: boolean, delimiter: string): Score {
  const options = { delimiter, newline: lineEndOf(sample), preview: recordsLooked + 1 };
  const quoted = Papa.parse<string[]>(sample, options);
  // One stray quote makes a cell of all that follows.
  const isStray = quoted.errors.some(
    ({ type, row = 0 }) => type === 'Quotes' && (!cut || row < quoted.data.length - 1),
  );
  const { data } = isStray ? Papa.parse<string[]>(sample, { ...options, fastMode: true }) : quoted;
  const whole = cut && data.length <= recordsLooked ? data.slice(0, -1) : data.slice(0, recordsLooked);
  const records = whole.filter((fields) => fields.some((field) => field.trim() !== ''));
  const cells = records[0]?.length ?? 0;
  return {
    delimiter,
    cells,
    alike: records.filter(({ length }) => length === cells).length,
    records: records.length,
  };
}

/** In prose a space follows a comma; in a table a cell does. */
function isProse(sample: string): boolean {
  const commas = sample.match(/,/g)?.length ?? 0;
  const spaced = sample.match(/, /g)?.length ?? 0;
  return 2 * spaced > commas;
}

function spoken(delimiter: string, count: number): string {
  return count === 1 ? `one ${nameOf(delimiter)}` : `${count} ${nameOf(delimiter)}s`;
}

function nameOf(delimiter: string): string {
  return delimiters.find(([character]) => character === delimiter)?.[1] ?? `“${delimiter}”`;
}
