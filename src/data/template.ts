/**
 * Templates: `Review: {text}\nVerdict: {label}`. `{column}` stands for that column's cell. The target's placeholder comes
 * last: what stands before it is the prompt. Text after it is dropped, since the end token already says that the answer
 * is over. Braces around anything that is not like a name are plain text, so that a template can show JSON.
 */
import { DataError } from '../errors';
import { titleCase } from './names';

type Part = { readonly type: 'text'; readonly text: string } | { readonly type: 'column'; readonly column: string };

/** A template cut into lines of parts, without the target. */
export interface PromptTemplate {
  readonly lines: readonly (readonly Part[])[];
  /** The spaces between the prompt and the target; they are part of the target's tokens. */
  readonly gap: string;
}

/** `Input Name: {input}`, one line each, then `Target Name: {target}`; only `{target}` where there is no input. */
export function defaultTemplate(inputs: readonly string[], target: string): string {
  if (inputs.length === 0) return `{${target}}`;
  return [...inputs, target].map((column) => `${titleCase(column)}: {${column}}`).join('\n');
}

/** What the user says, for the model's chat template: the input as it stands, or one line for each of several. */
export function chatTemplate(inputs: readonly string[], target: string): string {
  const [only] = inputs;
  if (only !== undefined && inputs.length === 1) return `{${only}}\n{${target}}`;
  return [...inputs.map((column) => `${titleCase(column)}: {${column}}`), `{${target}}`].join('\n');
}

/** Columns in the order in which the template names them. @throws DataError for a placeholder that is no column */
export function templateColumns(template: string, columns: readonly string[]): string[] {
  return split(template, columns).flatMap((part) => (part.type === 'column' ? [part.column] : []));
}

/** The template without what follows the target's placeholder. @throws DataError where that stands not once or not last */
export function trimTemplate(template: string, columns: readonly string[], target: string): string {
  const named = templateColumns(template, columns);
  const count = named.filter((column) => column === target).length;
  const placeholder = `{${target}}`;
  if (count !== 1) {
    throw new DataError(
      count === 0
        ? `The template does not say where ${placeholder} goes.`
        : `The template has ${placeholder} ${count} times.`,
      { column: target },
      `Put ${placeholder} once, at the end: what stands before it is the prompt.`,
    );
  }
  if (named.at(-1) !== target) {
    throw new DataError(
      `In the template {${named.at(-1)}} stands after the target ${placeholder}.`,
      { column: target },
      `Move ${placeholder} to the end: the model can only use what it has read before.`,
    );
  }
  return template.slice(0, template.lastIndexOf(placeholder) + placeholder.length);
}

/** @param template as `trimTemplate` gives it */
export function promptTemplate(template: string, columns: readonly string[], target: string): PromptTemplate {
  const before = template.slice(0, template.lastIndexOf(`{${target}}`));
  const gap = /[ \t]*$/.exec(before)?.[0] ?? '';
  const prompt = before.slice(0, before.length - gap.length);
  return { lines: prompt.split('\n').map((line) => split(line, columns)), gap };
}

/**
 * The prompt of one row. A line whose columns are all empty is left out (Alpaca's `input`, say), so that the model never
 * sees a heading with nothing behind it.
 */
export function renderPrompt(template: PromptTemplate, cells: Readonly<Record<string, string>>): string {
  const value = (column: string) => (Object.hasOwn(cells, column) ? (cells[column] ?? '').trim() : '');
  return template.lines
    .filter((parts) => {
      const columns = parts.flatMap((part) => (part.type === 'column' ? [part.column] : []));
      return columns.length === 0 || columns.some((column) => value(column) !== '');
    })
    .map((parts) => parts.map((part) => (part.type === 'text' ? part.text : value(part.column))).join(''))
    .join('\n');
}

function split(template: string, columns: readonly string[]): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of template.matchAll(placeholderPattern(columns))) {
    const column = match[0].slice(1, -1);
    if (!columns.includes(column)) {
      throw new DataError(
        `The template names a column "${column}", which the data does not have.`,
        { column },
        `The columns are: ${columns.join(', ')}.`,
      );
    }
    if (match.index > at) parts.push({ type: 'text', text: template.slice(at, match.index) });
    parts.push({ type: 'column', column });
    at = match.index + match[0].length;
  }
  if (at < template.length) parts.push({ type: 'text', text: template.slice(at) });
  return parts;
}

/** The columns, whatever their names are, and anything else in braces that is like a name: a typing error, most likely. */
function placeholderPattern(columns: readonly string[]): RegExp {
  const known = [...columns]
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`\\{(?:${[...known, '[\\p{L}_][\\p{L}\\p{N}_. -]*'].join('|')})\\}`, 'gu');
}
