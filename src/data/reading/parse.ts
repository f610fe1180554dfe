/** A text that is there as a whole → columns and rows, by the same readers as a file's, at once. */

import type { ParsedDataset } from '../types';
import { Collector } from './collect';
import { recogniseHead } from './plan';
import { readerOf } from './readers';
import { readingOf } from './summary';

/** @throws DataError where no row can be used */
export function parseDataset(name: string, text: string): ParsedDataset {
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const format = recogniseHead(name, { text: content, whole: true }, {});
  const collector = new Collector(Number.POSITIVE_INFINITY, 0);
  const damaged = content.includes('\0');
  const reader = readerOf(name, format, collector.file({ path: undefined, split: null, damaged: () => damaged }), null);
  reader.write(content);
  reader.end();
  const file = { path: name, rows: collector.readable, described: reader.describe(), leftOut: null };
  const reading = readingOf(name, [{ ...file, encoding: 'utf-8', encodingReason: '' }], [], collector, {});
  return collector.dataset(name, reading);
}
