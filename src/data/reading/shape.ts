/** What form rows have that others know too, by the names of their columns. */
import type { RowShape } from '../../worker/dataProtocol';
import { isInputName, targetRank } from '../names';

const answers = ['completion', 'response', 'chosen', 'answer', 'output'];

/** @param read what the reader itself saw */
export function shapeOf(read: RowShape, columns: readonly string[]): RowShape {
  if (read !== 'columns') return read;
  const names = new Set(columns.map((name) => name.trim().toLowerCase()));
  if (names.has('instruction') && (names.has('output') || names.has('response'))) return 'alpaca';
  const asks = names.has('prompt') || names.has('question');
  if (asks && answers.some((name) => names.has(name))) return 'prompt-completion';
  const labels = [...names].filter((name) => targetRank(name) <= targetRank('gold'));
  return labels.length > 0 && [...names].some(isInputName) ? 'text-label' : 'columns';
}
