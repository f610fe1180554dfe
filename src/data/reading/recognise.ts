/**
 * In which format a text is, by what it holds. The name's ending decides only where the text leaves it open; a person's
 * choice decides always.
 */
import { DataError } from '../../errors';
import type { ReadingChoices } from '../../worker/dataProtocol';
import { chooseDelimiter } from './delimiter';
import { isNoText, notText } from './encoding';
import type { TextUnit } from './plainText';

export type TextFormat =
  | { readonly format: 'jsonl' | 'json'; readonly why: string }
  | { readonly format: 'csv'; readonly delimiter: string; readonly header: boolean | null; readonly why: string }
  | { readonly format: 'text'; readonly unit: TextUnit; readonly why: string };

/** The beginning of a text, and whether it is all of it. */
export interface Head {
  readonly text: string;
  readonly whole: boolean;
}

const linesLooked = 50;

/** @throws DataError where the text is none that holds rows */
export function recogniseText(name: string, head: Head, choices: ReadingChoices): TextFormat {
  refuseOthers(name, head.text, choices);
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  switch (choices.format) {
    case 'json':
    case 'jsonl':
      return { format: choices.format, why: 'as chosen' };
    case 'csv':
      return delimited(head, choices, ending) ?? oneColumn(choices);
    case 'text':
      return plainText(head, choices);
    case 'parquet':
      throw new DataError(`${name} is not a Parquet file.`, { file: name }, 'Let its format be recognised by content.');
    case undefined:
      break;
    default:
      choices.format satisfies never;
  }
  if (choices.delimiter !== undefined) return delimited(head, choices, ending) ?? oneColumn(choices);
  if (choices.unit !== undefined) return plainText(head, choices);
  return (
    json(head, ending) ??
    delimited(head, choices, ending) ??
    (isTable(ending) ? oneColumn(choices) : plainText(head, choices))
  );
}

const isTable = (ending: string) => ending === 'csv' || ending === 'tsv' || ending === 'tab';

function refuseOthers(name: string, text: string, { encoding }: ReadingChoices): void {
  const begin = text.slice(0, 4096).trimStart();
  if (/^<(!doctype html|html|head|body)\b/i.test(begin)) {
    throw new DataError(
      `${name} is a web page, not a dataset.`,
      { file: name },
      'It was perhaps saved from a page that shows the dataset: download the file itself.',
    );
  }
  if (begin.startsWith('<?xml')) {
    throw new DataError(
      `${name} is an XML file, which has no rows.`,
      { file: name },
      'Save its rows as CSV or JSON Lines.',
    );
  }
  if (begin.startsWith('version https://git-lfs.github.com/')) {
    throw new DataError(
      `${name} is a pointer of Git LFS, not the file itself.`,
      { file: name },
      'Fetch the file with "git lfs pull", or download it from the page of the repository.',
    );
  }
  if (!isNoText(text.slice(0, 65536))) return;
  if (encoding === undefined) throw notText(name);
  throw new DataError(
    `${name} is not ${encoding} text.`,
    { file: name },
    'Choose another encoding, or let it be recognised.',
  );
}

/** A value that JSON may begin with, as no sentence in brackets and no wiki's template does. */
const jsonBegins = /^(\{\s*["'}/]|\[\s*(["{[\]\d/-]|true|false|null)|[{[]\s*$)/;

function json({ text, whole }: Head, ending: string): TextFormat | null {
  const begin = text.trimStart();
  const linewise = ending === 'jsonl' || ending === 'ndjson';
  const document = ending === 'json' || ending === 'jsonc';
  if (!jsonBegins.test(begin)) {
    const says = document && (/^\/[/*]/.test(begin) || (whole && isJson(begin)));
    return says ? { format: 'json', why: 'its ending says so' } : null;
  }
  const lines = headLines(text, whole);
  const enclosed = lines.filter((line) => /^(\{.*\}|\[.*\])$/s.test(line)).length;
  if (enclosed > 1 && 2 * enclosed >= lines.length && !(whole && isJson(begin))) {
    const what = begin.startsWith('[') ? 'lists' : 'objects';
    return { format: 'jsonl', why: `${enclosed} of the first ${lines.length} lines are ${what}` };
  }
  if (begin.startsWith('{') && linewise && (enclosed > 0 || lines.length <= 1)) {
    return { format: 'jsonl', why: 'its ending says so' };
  }
  // A first line that is longer than what was looked at.
  if (begin.startsWith('{') && !document && !whole && lines.length <= 1) {
    return { format: 'jsonl', why: 'its first line is an object' };
  }
  const isSentence = whole && begin.startsWith('[') && !/[}\]]\s*$/.test(begin);
  return isSentence && !linewise && !document ? null : { format: 'json', why: 'it begins with a bracket' };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function delimited(head: Head, choices: ReadingChoices, ending: string): TextFormat | null {
  const found = chooseDelimiter(head, choices.delimiter, {
    isTable: isTable(ending) || choices.format === 'csv',
    hasTabs: ending === 'tsv' || ending === 'tab',
  });
  return found && { format: 'csv', ...found, header: choices.header ?? null };
}

function oneColumn({ header, delimiter }: ReadingChoices): TextFormat {
  const why = 'no line holds a separator';
  return { format: 'csv', delimiter: delimiter ?? ',', header: header ?? null, why };
}

/** Paragraphs where blank lines stand between lines that belong together. */
function plainText({ text, whole }: Head, { unit }: ReadingChoices): TextFormat {
  if (unit !== undefined) return { format: 'text', unit, why: `each ${unit} is a row, as chosen` };
  const blocks = text.trim().split(/(?:\r?\n|\r)[^\S\r\n]*(?:(?:\r?\n|\r)[^\S\r\n]*)+/);
  const complete = whole ? blocks : blocks.slice(0, -1);
  const multiline = complete.filter((block) => /[\r\n]/.test(block)).length;
  if (complete.length > 1 && multiline > 0) {
    return { format: 'text', unit: 'paragraph', why: 'blank lines part it, so each paragraph is a row' };
  }
  return { format: 'text', unit: 'line', why: 'each line is a row' };
}

/** The first lines that are not blank, without the last where it may go on. */
function headLines(text: string, whole: boolean): string[] {
  const all = text.split(/\r\n|\n|\r/, linesLooked * 2);
  if (!whole && all.length < linesLooked * 2) all.pop();
  return all
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, linesLooked);
}
