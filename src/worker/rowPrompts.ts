/** Prompts of rows that did not train, made as training makes them: those of a new file, and one whose inputs say nothing. */
import { type Example, type ParsedDataset, promptOf, type Tokenizer } from '../data';
import { CONTENT_FREE } from '../evaluation';
import type { PreparedDataset } from './preparedDataset';
import type { ColumnMapping } from './protocol';

type Row = ParsedDataset['rows'][number];
type Prompt = Pick<Example, 'prompt' | 'messages'>;

/** Null where the row has no input, or the chat template refuses it. @param columns of the data that the row is from */
export function promptOfRow(
  row: Row,
  mapping: ColumnMapping,
  columns: readonly string[],
  tokenizer: Tokenizer,
): Prompt | null {
  const made = promptOf(row, mapping, columns, tokenizer);
  return made.type === 'prompt' ? made : null;
}

/** Null where prompts have no input. */
export function contentFreePrompt({ source, summary }: PreparedDataset, tokenizer: Tokenizer): Prompt | null {
  const { mapping, columns } = summary;
  const [first] = source.rows.rows;
  if (!first || mapping.inputs.length === 0) return null;
  // What is not an input, a system message for instance, is as rows have it.
  const nothing = Object.fromEntries(mapping.inputs.map((column) => [column, CONTENT_FREE]));
  return promptOfRow({ line: first.line, cells: { ...first.cells, ...nothing } }, mapping, columns, tokenizer);
}
