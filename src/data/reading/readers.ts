/** The reader of a text's format, and what is said of it to a person. */
import type { DataFormat, ReadingChoices } from '../../worker/dataProtocol';
import { DelimitedReader } from './delimited';
import { JsonReader } from './json';
import { JsonLinesReader } from './jsonLines';
import { PlainTextReader } from './plainText';
import type { TextFormat } from './recognise';
import type { RowSink, TextReader } from './sink';

export function readerOf(name: string, format: TextFormat, sink: RowSink, label: string | null): TextReader {
  switch (format.format) {
    case 'json':
      return new JsonReader(name, sink);
    case 'jsonl':
      return new JsonLinesReader(sink, format.why);
    case 'csv':
      return new DelimitedReader(sink, format.delimiter, format.header, format.why);
    case 'text':
      return new PlainTextReader(sink, format.unit, format.why, label);
  }
}

const endings: Readonly<Record<string, DataFormat>> = {
  csv: 'csv',
  tsv: 'csv',
  tab: 'csv',
  json: 'json',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  parquet: 'parquet',
};

/** A sentence where the name says something else than the content; else ''. */
export function contradiction(path: string, format: DataFormat, { format: chosen }: ReadingChoices): string {
  const ending = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  const said = endings[ending];
  if (said === undefined || said === format || chosen !== undefined) return '';
  return `It is called .${ending}, but its content decides.`;
}
