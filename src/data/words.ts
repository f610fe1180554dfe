/**
 * The verbaliser (Schick & Schütze 2021): the word that stands for a label in the text. The label stays what is counted
 * and compared; the word is what the model reads and writes.
 */
import { DataError } from '../errors';
import type { ColumnMapping, LabelSummary } from '../worker/dataProtocol';
import { countValues } from './guess';
import { TextStream } from './pieces';
import type { TokenisedRow, Tokenizer } from './types';

type Words = Pick<ColumnMapping, 'words' | 'target'>;

/** A label without a word stands for itself. */
export function wordOf({ words }: Pick<ColumnMapping, 'words'>, label: string): string {
  return Object.hasOwn(words, label) ? (words[label] ?? '').trim() : label;
}

/** @throws DataError where two labels would be one in the text, or one would be nothing */
export function checkWords(mapping: Words, labels: Iterable<string>, file: string): void {
  const labelOf = new Map<string, string>();
  for (const label of labels) {
    const word = wordOf(mapping, label);
    const where = { file, column: mapping.target };
    if (word === '') {
      throw new DataError(`The word for the label "${label}" is empty.`, where, 'Write a word that stands for it.');
    }
    const other = labelOf.get(word);
    if (other !== undefined) {
      throw new DataError(
        `"${word}" stands for two labels: "${other}" and "${label}".`,
        where,
        'Give each label a word of its own; the model could not tell them apart.',
      );
    }
    labelOf.set(word, label);
  }
}

/** The labels of the rows, most frequent first, and how they begin behind a prompt. */
export function labelSummaries(
  rows: readonly TokenisedRow[],
  mapping: Pick<ColumnMapping, 'words'>,
  tokenizer: Tokenizer,
): LabelSummary[] {
  const firstWith = new Map<string, TokenisedRow>();
  for (const row of rows) if (row.label !== null && !firstWith.has(row.label)) firstWith.set(row.label, row);
  const startOf = (label: string) => {
    const row = firstWith.get(label);
    return row?.tokenIds[row.targetStart];
  };
  const counted = countValues(rows.flatMap(({ label }) => (label === null ? [] : [label])));
  return counted.map(({ label, count }) => {
    const row = firstWith.get(label);
    const same = counted.filter((other) => other.label !== label && startOf(other.label) === startOf(label));
    return {
      label,
      count,
      word: wordOf(mapping, label),
      tokens: row === undefined ? [] : targetPieces(row, tokenizer),
      sameStart: same.map((other) => other.label),
    };
  });
}

/** Without the end token. */
function targetPieces({ tokenIds, targetStart }: TokenisedRow, tokenizer: Tokenizer): string[] {
  const stream = new TextStream(tokenizer, tokenIds.slice(0, targetStart));
  const ids = tokenIds.slice(targetStart, -1);
  return ids.map((id, i) => stream.push(id) + (i === ids.length - 1 ? stream.end() : ''));
}
