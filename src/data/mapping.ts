/**
 * Which columns go in and which one comes out: guessed from well-known names and from what the columns hold, and checked
 * where a person says otherwise.
 */
import { DataError } from '../errors';
import type { ColumnMapping } from '../worker/protocol';
import { isBookkeeping, isInputName, targetRank } from './names';
import { defaultTemplate, templateColumns, trimTemplate } from './template';
import type { ParsedDataset } from './types';

const maxLabels = 20;
const maxLabelLength = 40;
const maxInputs = 4;
/** A label seen once is a slip of the pen when it is rarer than this. */
const slipFraction = 0.01;

/** A mapping for the dataset as it is. @throws DataError where no column can be a target */
export function guessMapping(parsed: ParsedDataset): ColumnMapping {
  return resolveMapping(parsed, {});
}

/**
 * Completes what a person chose with what can be guessed, and checks it. A template alone is enough: its last placeholder
 * is the target. The template of the result ends with the target's placeholder.
 * @throws DataError naming the column that does not exist, or what is wrong with the template
 */
export function resolveMapping(parsed: ParsedDataset, partial: Partial<ColumnMapping>): ColumnMapping {
  const known = (column: string) => {
    if (parsed.columns.includes(column)) return column;
    throw new DataError(
      `There is no column "${column}".`,
      { file: parsed.name, column },
      `The columns are: ${parsed.columns.join(', ')}.`,
    );
  };
  const named = partial.template === undefined ? null : templateColumns(partial.template, parsed.columns);
  const target = known(partial.target ?? named?.at(-1) ?? guessTarget(parsed, partial.inputs ?? []));
  const chosen = partial.inputs?.map(known);
  if (chosen?.includes(target)) {
    throw new DataError(
      `"${target}" is both an input and the target.`,
      { file: parsed.name, column: target },
      'The model would read the answer before it gives it; choose another column for one of them.',
    );
  }
  const inputs = [...new Set(named?.filter((column) => column !== target) ?? chosen ?? guessInputs(parsed, target))];
  const absent = chosen?.find((column) => !inputs.includes(column));
  if (absent !== undefined) {
    throw new DataError(
      `The template does not say where the input {${absent}} goes.`,
      { file: parsed.name, column: absent },
      `Write {${absent}} into the template, or leave the column out.`,
    );
  }
  const template = trimTemplate(partial.template ?? defaultTemplate(inputs, target), parsed.columns, target);
  const task = partial.task ?? guessTask(parsed, target);
  const { system = null, kind = partial.template === undefined ? 'plain' : 'own', words = {} } = partial;
  return { system, inputs, target, kind, template, task, words };
}

/** Distinct short targets that come again and again are labels. */
function guessTask(parsed: ParsedDataset, target: string): ColumnMapping['task'] {
  return looksLikeLabels(valuesOf(parsed, target)) ? 'classification' : 'generation';
}

/** Distinct non-empty values of a column, most frequent first. */
export function countValues(values: Iterable<string>): { readonly label: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== '') counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([label, count]) => ({ label, count })).sort((a, b) => b.count - a.count);
}

function looksLikeLabels(values: readonly string[]): boolean {
  const counted = countValues(values);
  const rows = values.length;
  const single = counted.filter(({ count }) => count < 2).length;
  return (
    counted.length - single >= 2 &&
    counted.length <= maxLabels &&
    single <= slipFraction * rows &&
    counted.every(({ label }) => label.length <= maxLabelLength)
  );
}

function guessTarget(parsed: ParsedDataset, inputs: readonly string[]): string {
  const free = parsed.columns.filter((column) => !inputs.includes(column) && !isEmpty(parsed, column));
  const byName = [...free].sort((a, b) => targetRank(a) - targetRank(b))[0];
  if (byName !== undefined && targetRank(byName) < Number.POSITIVE_INFINITY) return byName;
  const telling = free.filter((column) => !isBookkeeping(column));
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

/** Well-known input columns in the file's order; without any, the column with the longest texts; none where none is left. */
function guessInputs(parsed: ParsedDataset, target: string): string[] {
  const others = parsed.columns.filter((column) => column !== target && !isEmpty(parsed, column));
  const named = others.filter(isInputName).slice(0, maxInputs);
  if (named.length > 0) return named;
  const telling = others.filter((column) => !isBookkeeping(column) && targetRank(column) === Number.POSITIVE_INFINITY);
  const candidates = telling.length > 0 ? telling : others;
  const longest = candidates
    .map((column) => ({ column, length: valuesOf(parsed, column).reduce((sum, value) => sum + value.length, 0) }))
    .sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? [] : [longest.column];
}

function valuesOf(parsed: ParsedDataset, column: string): string[] {
  return parsed.rows.map((row) => (row.cells[column] ?? '').trim()).filter((value) => value !== '');
}

function isEmpty(parsed: ParsedDataset, column: string): boolean {
  return parsed.rows.every((row) => (row.cells[column] ?? '').trim() === '');
}
