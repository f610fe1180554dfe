/**
 * CSV, TSV and their relatives → rows, on Papa Parse, which splits the text of each piece. The seams between pieces, line
 * numbers, the repair after a quote that is never closed, and what the header names are ours.
 */
import Papa from 'papaparse';
import { type CsvRecord, columnNames, looksLikeData, namedWidth } from './header';
import { lineEndOf } from './lines';
import { type Described, type RowSink, splitColumn, type TextReader } from './sink';

/** Each repair reads on from the next line; after this many the rest is read as if quotes were plain characters. */
const maxRepairs = 50;
/** Characters; a quoted cell that is longer was never meant to be one. */
const maxCell = 2 ** 24;
/** Records that show whether the first of them is a header. */
const headRecords = 1000;

export class DelimitedReader implements TextReader {
  private rest = '';
  /** Shorter than this, `rest` need not be tried again: a record of many pieces must not be read once per piece. */
  private enough = 0;
  private line = 1;
  private repairs = 0;
  private lineEnd: '\n' | '\r' | null = null;
  private head: CsvRecord[] | null = [];
  private names: readonly string[] = [];
  private split = -1;

  /** @param header whether the first record names the columns; null: by what the records hold */
  constructor(
    private readonly sink: RowSink,
    private readonly delimiter: string,
    private header: boolean | null,
    private readonly why: string,
  ) {}

  write(text: string): void {
    this.rest += text;
    if (this.rest.length < this.enough) return;
    // The line end is that of the first piece; it must not be cut between `\r` and `\n`.
    if (this.lineEnd === null && !/[\r\n]./s.test(this.rest)) return;
    this.read(false);
    this.enough = this.rest.length * 2;
  }

  end(): void {
    this.read(true);
    this.decideHeader();
  }

  describe(): Described {
    const { header, delimiter } = this;
    const count = this.names.length;
    const named = header ? 'The first line names the columns' : 'The first line is a row, since it names no columns';
    const kind = delimiter === '\t' ? 'Tab-separated' : 'CSV';
    const reason = `${kind} with ${count} ${count === 1 ? 'column' : 'columns'}: ${this.why}. ${named}.`;
    return { format: 'csv', delimiter, header, unit: null, shape: 'columns', reason };
  }

  private read(final: boolean): void {
    this.lineEnd ??= lineEndOf(this.rest);
    while (this.rest !== '') {
      const broken = this.readRecords(final);
      if (broken) this.repair();
      else if (final || this.rest.length < maxCell || this.plain || !this.rest.includes('"')) break;
      // So long a record with a quote: the quote is what makes it long.
      else this.repair();
    }
  }

  /** Tab-separated files seldom quote, and often hold quotes as plain characters: there the first doubt decides. */
  private get plain(): boolean {
    return this.repairs >= (this.delimiter === '\t' ? 1 : maxRepairs);
  }

  /** Hands over the records in `rest` and leaves what is no whole record yet. @returns whether the first of what is left has broken quotes */
  private readRecords(final: boolean): boolean {
    const { plain, lineEnd, rest } = this;
    const newline = lineEnd ?? '\n';
    const quoted = !plain && rest.includes('"');
    let broken = false;
    let cursor = 0;
    const parser = new Papa.Parser({
      delimiter: this.delimiter,
      newline,
      // Papa's fast mode takes quotes as plain characters.
      ...(plain && { fastMode: true }),
      step: ({ data, errors, meta }: Papa.ParseStepResult<string[][]>) => {
        if (errors.some(({ type }) => type === 'Quotes')) {
          broken = true;
          parser.abort();
          return;
        }
        cursor = meta.cursor;
        for (const fields of data) this.take(fields, quoted ? newline : null);
      },
    });
    parser.parse(rest, 0, !final);
    this.rest = rest.slice(cursor);
    return broken;
  }

  /** Passes over the line where a quote is opened that is not closed properly. */
  private repair(): void {
    const tabs = this.delimiter === '\t';
    this.repairs++;
    if (tabs) return;
    this.sink.problem({
      kind: 'unreadable',
      line: this.line,
      reason: 'a quote is opened here and not closed properly; write quotes inside a cell twice',
    });
    const end = this.rest.indexOf(this.lineEnd ?? '\n');
    this.rest = end < 0 ? '' : this.rest.slice(end + 1);
    this.line++;
  }

  /** @param lineEnd what may stand in a cell; null where no cell is quoted */
  private take(fields: string[], lineEnd: string | null): void {
    const line = this.line++;
    const last = fields.length - 1;
    if (fields[last]?.endsWith('\r')) fields[last] = fields[last].slice(0, -1);
    if (lineEnd !== null) for (const field of fields) this.line += occurrences(field, lineEnd);
    if (fields.every((field) => field.trim() === '')) return;
    if (this.head === null) this.row({ line, fields });
    else {
      this.head.push({ line, fields });
      if (this.head.length === headRecords) this.decideHeader();
    }
  }

  private decideHeader(): void {
    const records = this.head;
    this.head = null;
    const first = records?.[0];
    if (!records || first === undefined) return;
    this.header ??= !looksLikeData(records);
    const width = this.header ? namedWidth(records) : first.fields.length;
    this.names = columnNames(first.fields.slice(0, width), this.header);
    this.split = this.names.indexOf(splitColumn);
    this.sink.columns(this.names);
    for (const record of this.header ? records.slice(1) : records) this.row(record);
  }

  private row({ line, fields }: CsvRecord): void {
    const { names } = this;
    if (fields.length < names.length) {
      const column = names[fields.length];
      const reason = `${fields.length} of ${names.length} cells; nothing for "${column}"`;
      this.sink.problem({ kind: 'ragged', line, ...(column === undefined ? {} : { column }), reason });
    } else if (fields.length > names.length && fields.slice(names.length).some((field) => field.trim() !== '')) {
      const reason = `${fields.length} cells where the header has ${names.length}; put quotes around a cell that holds the separator`;
      this.sink.problem({ kind: 'ragged', line, reason });
    } else {
      this.sink.row(line, fields[this.split] ?? null, () => ({
        cells: new Map(names.map((name, i) => [name, detached(fields[i] ?? '')])),
      }));
    }
  }
}

function occurrences(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) count++;
  return count;
}

/** A part of a string keeps the whole alive, here a piece of the file; this is a copy. */
function detached(text: string): string {
  return ` ${text}`.slice(1);
}
