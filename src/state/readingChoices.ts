/**
 * What a person may say of how files are read: only what applies to the format. What they say of one format says nothing
 * of another, and goes with it.
 */
import type { DataFormat, Reading, ReadingChoices, RowShape, TextEncodingName } from '../worker';

type ReadingField = keyof ReadingChoices;

export const FORMAT_WORDS: Readonly<Record<DataFormat, string>> = {
  jsonl: 'JSON Lines',
  json: 'JSON',
  csv: 'CSV, TSV: cells with delimiters',
  parquet: 'Parquet',
  text: 'Plain text',
};

export const ENCODING_WORDS: Readonly<Record<TextEncodingName, string>> = {
  'utf-8': 'UTF-8',
  'utf-16le': 'UTF-16, little-endian',
  'utf-16be': 'UTF-16, big-endian',
  'windows-1252': 'Latin-1 (Windows-1252)',
};

const SHAPE_WORDS: Readonly<Record<Exclude<RowShape, 'columns'>, string>> = {
  messages: 'a conversation (messages)',
  sharegpt: 'a conversation (ShareGPT)',
  alpaca: 'an instruction, an input and an output (Alpaca)',
  'prompt-completion': 'a prompt and a completion',
  'text-label': 'a text and a label',
  'plain-text': 'a text',
};

/** Those that are seen most; any other that is found is shown as it is. */
export const DELIMITER_WORDS: Readonly<Record<string, string>> = {
  ',': 'comma',
  ';': 'semicolon',
  '\t': 'tab',
  '|': 'vertical bar',
  ':': 'colon',
  '^': 'caret',
  ' ': 'space',
};

const FIELDS: Readonly<Record<DataFormat, readonly ReadingField[]>> = {
  jsonl: ['format', 'encoding'],
  json: ['format', 'encoding'],
  csv: ['format', 'encoding', 'delimiter', 'header'],
  // Its bytes say what it is, and nothing of it is open.
  parquet: [],
  text: ['format', 'encoding', 'unit'],
};

export function readingFields({ format }: Pick<Reading, 'format'>): readonly ReadingField[] {
  return FIELDS[format];
}

/** What was said so far, with one more thing said. */
export function withChoice(choices: ReadingChoices, change: ReadingChoices): ReadingChoices {
  if (change.format === undefined) return { ...choices, ...change };
  const { encoding } = choices;
  const keeps = encoding !== undefined && FIELDS[change.format].includes('encoding');
  return { format: change.format, ...(keeps && { encoding }) };
}

export function isRecognised(choices: ReadingChoices | undefined): boolean {
  return choices === undefined || Object.keys(choices).length === 0;
}

/** Why it was taken for its format, and what its rows are where others know that too. */
export function describeReading({ shape, reason }: Reading): string {
  return shape === 'columns' ? reason : `${reason} Each row is ${SHAPE_WORDS[shape]}.`;
}
