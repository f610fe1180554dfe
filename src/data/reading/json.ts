/**
 * A JSON document → rows: an array of objects, an object that holds one (`{"data": […]}`), or columns as lists. It is read
 * as a whole up to `wholeLimit`; a longer one is handed on to a parser that streams, as it came by then.
 */
import { DataError } from '../../errors';
import { JsonStreamReader } from './jsonStream';
import { elementLines, parseForgiving, syntaxError } from './jsonText';
import { addObject, ShapeCount } from './objects';
import type { Described, RowSink, TextReader } from './sink';
import { isObject, type JsonObject } from './values';

/** Characters: what `JSON.parse` makes of them is several times as large. */
const wholeLimit = 2 ** 25;

export class JsonReader implements TextReader {
  private pieces: string[] = [];
  private length = 0;
  private stream: JsonStreamReader | null = null;
  private readonly shapes = new ShapeCount();
  private what = 'a list of objects';
  private forgiven = '';

  constructor(
    private readonly name: string,
    private readonly sink: RowSink,
    private readonly limit = wholeLimit,
  ) {}

  write(text: string): void {
    if (this.stream) {
      this.stream.write(text);
      return;
    }
    this.pieces.push(text);
    this.length += text.length;
    if (this.length <= this.limit) return;
    this.stream = new JsonStreamReader(this.name, this.sink);
    for (const piece of this.pieces.splice(0)) this.stream.write(piece);
  }

  end(): void {
    if (this.stream) {
      this.stream.end();
      return;
    }
    const text = this.pieces.splice(0).join('');
    const found = findRows(this.parse(text));
    if (found === null) {
      throw new DataError(
        `${this.name} holds no list of rows.`,
        { file: this.name, line: 1 },
        'Use a JSON array of objects, such as [{"text": "…", "label": "…"}, …].',
      );
    }
    this.what = found.what;
    const lines = found.key === undefined ? [] : elementLines(text, found.key);
    found.values.forEach((value, index) => {
      addObject(value, lines[index] ?? 1, this.sink, this.shapes);
    });
  }

  describe(): Described {
    if (this.stream) return this.stream.describe();
    const reason = `JSON: ${this.what}${this.forgiven}.`;
    return { format: 'json', delimiter: null, header: null, unit: null, shape: this.shapes.shape, reason };
  }

  private parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      const forgiving = parseForgiving(text);
      if (forgiving !== null) {
        this.forgiven = ', with comments or commas too many, which are passed over';
        return forgiving.value;
      }
      const where = syntaxError(text);
      throw new DataError(
        `${this.name} is not valid JSON: ${where?.reason ?? 'unreadable'}.`,
        { file: this.name, line: where?.line ?? 1 },
        'Repair the file at that place, or save it as CSV or JSON Lines, where one bad row does not spoil the others.',
        { cause },
      );
    }
  }
}

interface Found {
  readonly what: string;
  /** The property that holds the rows; null: the document is the list; undefined: rows have no place of their own. */
  readonly key: string | null | undefined;
  readonly values: readonly unknown[];
}

/** The array itself, the longest array of objects directly inside an object, columns, or the object as the only row. */
function findRows(document: unknown): Found | null {
  if (Array.isArray(document)) return { what: 'a list of objects', key: null, values: document };
  if (!isObject(document)) return null;
  let best: Found | null = null;
  for (const [key, values] of Object.entries(document)) {
    if (!Array.isArray(values) || !values.some(isObject) || isConversation(key)) continue;
    if (best === null || values.length > best.values.length) {
      best = { what: `the list "${key}" of an object`, key, values };
    }
  }
  return best ?? columnsAsLists(document) ?? { what: 'one object', key: undefined, values: [document] };
}

/** One conversation is one row, not a list of rows. */
function isConversation(key: string): boolean {
  return key === 'messages' || key === 'conversations';
}

/** `{"text": […], "label": […]}`, or pandas' `{"text": {"0": …}, "label": {"0": …}}`. */
function columnsAsLists(document: JsonObject): Found | null {
  const columns: [string, readonly unknown[]][] = [];
  for (const [name, values] of Object.entries(document)) {
    if (Array.isArray(values)) columns.push([name, values]);
    else if (isObject(values) && Object.keys(values).every((key) => /^\d+$/.test(key))) {
      columns.push([name, Object.values(values)]);
    } else return null;
  }
  const [first] = columns;
  if (first === undefined || columns.some(([, values]) => values.length !== first[1].length)) return null;
  const values = first[1].map((_, row) => Object.fromEntries(columns.map(([name, cells]) => [name, cells[row]])));
  return { what: `${columns.length} columns as lists`, key: undefined, values };
}
