/**
 * Rows as they came, with what the model says of each. JSON Lines keeps its objects as they are, nested ones too, where
 * the lines of the file can be found again (not in a zip, where a row is its cells). All else becomes CSV (RFC 4180), with
 * a byte order mark, without which spreadsheets take UTF-8 for something else.
 */
import Papa from 'papaparse';
import { z } from 'zod/mini';
import type { ParsedDataset } from '../data';
import type { DatasetSource, ExportedFile } from './protocol';

export interface Prediction {
  readonly text: string;
  /** Of a label; null where the model writes. */
  readonly probability: number | null;
}

type Row = Readonly<Record<string, unknown>>;

const JsonObject = z.record(z.string(), z.unknown());
const BYTE_ORDER_MARK = '\uFEFF';

/** @param predictions in the order of the rows; null, or none at the end, where there is no prediction */
export async function predictionFile(
  source: DatasetSource,
  parsed: ParsedDataset,
  predictions: readonly (Prediction | null)[],
  task: 'choose' | 'write',
): Promise<ExportedFile> {
  const { columns, reading } = parsed;
  const column = freeName('prediction', columns);
  const added = task === 'choose' ? [column, freeName('probability', columns)] : [column];
  const valuesOf = (row: number) => {
    const { text = null, probability = null } = predictions[row] ?? {};
    return [text, probability].slice(0, added.length);
  };
  // Without the folders it lay in, and what it ended in.
  const base = source.name.replace(/^.*\//, '').replace(/(?<=.)\.[^.]*$/, '');
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (reading.format === 'jsonl') {
    const rows = await jsonRows(source, parsed);
    const lines = rows.map((row, i) => {
      const values = valuesOf(i);
      return JSON.stringify({ ...row, ...Object.fromEntries(added.map((name, k) => [name, values[k]])) });
    });
    return { name: `${base}-predictions.jsonl`, bytes: bytes(`${lines.join('\n')}\n`) };
  }
  const data = parsed.rows.map(({ cells }, i) => {
    const [text, ...rest] = valuesOf(i);
    return [...columns.map((name) => cells[name] ?? ''), plain(String(text ?? '')), ...rest];
  });
  const text = Papa.unparse({ fields: [...columns, ...added], data });
  return { name: `${base}-predictions.csv`, bytes: bytes(`${BYTE_ORDER_MARK}${text}\r\n`) };
}

/**
 * A spreadsheet would run what begins like a formula, and a model may write anything, with an adapter of a stranger for
 * instance. Numbers stay numbers. What the file came with stays as it came.
 */
const plain = (text: string): string =>
  /^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text)) ? `'${text}` : text;

function freeName(name: string, columns: readonly string[]): string {
  if (!columns.includes(name)) return name;
  let number = 2;
  while (columns.includes(`${name}_${number}`)) number++;
  return `${name}_${number}`;
}

/** The objects of the lines; the cells where a line cannot be found again. */
async function jsonRows({ files }: DatasetSource, { rows, reading }: ParsedDataset): Promise<Row[]> {
  const [file] = files;
  if (!file || files.length > 1) return rows.map(({ cells }) => cells);
  const lines = new TextDecoder(reading.encoding ?? 'utf-8').decode(await file.blob.arrayBuffer()).split(/\r\n|\n|\r/);
  return rows.map(({ line, cells }) => objectOf(lines[line - 1] ?? '') ?? cells);
}

function objectOf(line: string): Row | null {
  try {
    return z.safeParse(JsonObject, JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
