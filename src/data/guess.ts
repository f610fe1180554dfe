/**
 * What the columns of a dataset are for, as far as well-known names and what the columns hold tell it. Guesses only: what
 * a person says goes before, and `mapping.ts` checks the whole.
 */
import { DataError } from '../errors';
import type { Task } from '../worker/dataProtocol';
import { isBookkeeping, isInputName, isSystemName, targetRank } from './names';
import { looksLikeEntities } from './notation';
import type { ParsedDataset } from './types';

const maxLabels = 20;
const maxLabelLength = 40;
const maxInputs = 4;
/** A label seen once is a slip of the pen when it is rarer than this. */
const slipFraction = 0.01;
/** Values of a column that tell what it is like; labels are looked for in all. */
const looked = 1000;

/** Distinct non-empty values of a column, most frequent first. */
export function countValues(values: Iterable<string>): { readonly label: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== '') counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([label, count]) => ({ label, count })).sort((a, b) => b.count - a.count);
}

/** Non-empty cells of a column, without the spaces around them. */
export function* valuesOf(parsed: ParsedDataset, column: string): Generator<string> {
  for (const { cells } of parsed.rows) {
    const value = (cells[column] ?? '').trim();
    if (value !== '') yield value;
  }
}

/**
 * Distinct short targets that come again and again are labels; annotations are extraction; what answers in a
 * conversation has a persona.
 */
export function guessTask(parsed: ParsedDataset, target: string): Task {
  if (looksLikeLabels(valuesOf(parsed, target))) return 'classification';
  if (looksLikeEntities(first(valuesOf(parsed, target), looked))) return 'extraction';
  const { shape } = parsed.reading;
  return shape === 'messages' || shape === 'sharegpt' ? 'persona' : 'generation';
}

/** @param taken columns that have another role @throws DataError where no column can be a target */
export function guessTarget(parsed: ParsedDataset, taken: readonly string[]): string {
  const free = parsed.columns.filter((column) => !taken.includes(column) && !isEmpty(parsed, column));
  const byName = [...free].sort((a, b) => targetRank(a) - targetRank(b))[0];
  if (byName !== undefined && targetRank(byName) < Number.POSITIVE_INFINITY) return byName;
  const telling = free.filter((column) => !isBookkeeping(column) && !isSystemName(column));
  const candidates = telling.length > 0 ? telling : free;
  const unnamed = candidates.filter((column) => !isInputName(column));
  const labels = (unnamed.length > 0 ? unnamed : candidates).filter((column) =>
    looksLikeLabels(valuesOf(parsed, column)),
  );
  const target = labels.at(-1) ?? unnamed.at(-1) ?? candidates.at(-1);
  if (target === undefined) {
    throw new DataError(
      `${parsed.name} has no column that could be the target.`,
      { file: parsed.name },
      'Add a column with what the model is to answer.',
    );
  }
  return target;
}

/** The column with the system message; null where there is none. */
export function guessSystem(parsed: ParsedDataset, taken: readonly string[]): string | null {
  const free = parsed.columns.filter((column) => isSystemName(column) && !taken.includes(column));
  return free.find((column) => !isEmpty(parsed, column)) ?? null;
}

/**
 * Well-known input columns in the file's order; without any, all that say something where these are few (a table's row,
 * from which a text is made), else the one with the longest texts; none where none is left, or where the data is plain text.
 */
export function guessInputs(parsed: ParsedDataset, target: string, system: string | null): string[] {
  if (parsed.reading.shape === 'plain-text') return [];
  const others = parsed.columns.filter(
    (column) => column !== target && column !== system && !isSystemName(column) && !isEmpty(parsed, column),
  );
  const named = others.filter(isInputName).slice(0, maxInputs);
  if (named.length > 0) return named;
  const telling = others.filter((column) => !isBookkeeping(column) && targetRank(column) === Number.POSITIVE_INFINITY);
  const candidates = telling.length > 0 ? telling : others;
  if (telling.length > 0 && telling.length <= maxInputs) return telling;
  const longest = candidates
    .map((column) => ({ column, length: first(valuesOf(parsed, column), looked).join('').length }))
    .sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? [] : [longest.column];
}

/** Stops at the first value that no label would be, or at one label too many. */
function looksLikeLabels(values: Iterable<string>): boolean {
  const counts = new Map<string, number>();
  let rows = 0;
  for (const value of values) {
    if (value.length > maxLabelLength) return false;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    if (counts.size > maxLabels) return false;
    rows++;
  }
  const single = [...counts.values()].filter((count) => count < 2).length;
  return counts.size - single >= 2 && single <= slipFraction * rows;
}

function first(values: Iterable<string>, most: number): string[] {
  const taken: string[] = [];
  for (const value of values) {
    if (taken.length === most) break;
    taken.push(value);
  }
  return taken;
}

function isEmpty(parsed: ParsedDataset, column: string): boolean {
  return parsed.rows.every((row) => (row.cells[column] ?? '').trim() === '');
}
