/**
 * JSON and JSON Lines → rows. `JSON.parse` reads the values; jsonc-parser says on which line each of them stands and
 * where a syntax error is, which `JSON.parse` does not do alike in every browser.
 */
import { printParseErrorCode, visit } from 'jsonc-parser';
import { DataError } from '../errors';
import type { RowProblem } from '../worker/protocol';
import { flattenRow, isObject } from './cells';

/** A row before the columns of the whole file are known. */
export interface LooseRow {
  readonly line: number;
  readonly cells: ReadonlyMap<string, string>;
}

export interface LooseRows {
  readonly rows: LooseRow[];
  readonly problems: RowProblem[];
}

const strict = { disallowComments: true, allowTrailingComma: false };

/** One JSON object per line; blank lines are passed over. */
export function parseJsonLines(text: string): LooseRows {
  const rows: LooseRow[] = [];
  const problems: RowProblem[] = [];
  text.split(/\r\n|\n|\r/).forEach((source, index) => {
    if (source.trim() === '') return;
    const line = index + 1;
    let value: unknown;
    try {
      value = JSON.parse(source);
    } catch {
      problems.push({
        kind: 'unreadable',
        line,
        reason: `not valid JSON: ${syntaxError(source)?.reason ?? 'unreadable'}`,
      });
      return;
    }
    addRow(value, line, rows, problems);
  });
  return { rows, problems };
}

/** An array of objects, or an object that holds one (`{"data": […]}`). */
export function parseJson(name: string, text: string): LooseRows {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    const where = syntaxError(text);
    throw new DataError(
      `${name} is not valid JSON: ${where?.reason ?? 'unreadable'}.`,
      { file: name, line: where?.line ?? 1 },
      'Repair the file at that place, or save it as CSV or JSON Lines, where one bad row does not spoil the others.',
      { cause },
    );
  }
  const found = findRows(document);
  if (found === null) {
    throw new DataError(
      `${name} holds no list of rows.`,
      { file: name, line: 1 },
      'Use a JSON array of objects, such as [{"text": "…", "label": "…"}, …].',
    );
  }
  const lines = Array.isArray(document) || found.key !== null ? elementLines(text, found.key) : [];
  const rows: LooseRow[] = [];
  const problems: RowProblem[] = [];
  found.values.forEach((value, index) => {
    // The rows API of the Hugging Face hub wraps each row: {"row_idx": 0, "row": {…}}.
    const row = isObject(value) && 'row_idx' in value && isObject(value.row) ? value.row : value;
    addRow(row, lines[index] ?? 1, rows, problems);
  });
  return { rows, problems };
}

function addRow(value: unknown, line: number, rows: LooseRow[], problems: RowProblem[]): void {
  if (isObject(value)) rows.push({ line, cells: flattenRow(value) });
  else
    problems.push({
      kind: 'unreadable',
      line,
      reason: `a row must be an object like {"text": "…"}, this is ${describe(value)}`,
    });
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

/** The array itself, the longest array of objects directly inside an object (`key`), or the object as the only row. */
function findRows(document: unknown): { key: string | null; values: readonly unknown[] } | null {
  if (Array.isArray(document)) return { key: null, values: document };
  if (!isObject(document)) return null;
  let best: { key: string; values: readonly unknown[] } | null = null;
  for (const [key, values] of Object.entries(document)) {
    if (!Array.isArray(values) || !values.some(isObject)) continue;
    if (best === null || values.length > best.values.length) best = { key, values };
  }
  return best ?? { key: null, values: [document] };
}

/** The line of every element of the array (of the array under `key`, when it is not null). */
function elementLines(text: string, key: string | null): number[] {
  const lines: number[] = [];
  const depth = key === null ? 1 : 2;
  let open = 0;
  let property: string | null = null;
  const element = (line: number) => {
    if (open === depth && (key === null || property === key)) lines.push(line + 1);
  };
  const begin = (_offset: number, _length: number, line: number) => {
    element(line);
    open++;
  };
  const end = () => {
    open--;
  };
  visit(
    text,
    {
      onObjectBegin: begin,
      onArrayBegin: begin,
      onObjectEnd: end,
      onArrayEnd: end,
      onLiteralValue: (_value, _offset, _length, line) => element(line),
      onObjectProperty: (name) => {
        if (open !== 1) return;
        // As in JSON.parse, the last of several equal keys counts.
        property = name;
        if (name === key) lines.length = 0;
      },
    },
    strict,
  );
  return lines;
}

/** The first syntax error of a JSON text, or null where there is none. */
function syntaxError(text: string): { line: number; reason: string } | null {
  let found: { line: number; reason: string } | null = null;
  visit(
    text,
    {
      onError: (code, _offset, _length, line, character) => {
        found ??= { line: line + 1, reason: `${words(printParseErrorCode(code))} at character ${character + 1}` };
      },
    },
    strict,
  );
  return found;
}

/** `CommaExpected` → `comma expected`. */
function words(code: string): string {
  return code.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}
