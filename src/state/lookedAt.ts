/** What "What did it learn?" is about: one adapter of those in Compare, and the prompt and answer that stand there. */
import type { AdapterSummary } from '../worker';
import type { Column } from './columns';
import type { CompareState } from './compare';
import { expectedAnswer } from './compare';
import type { AskedText } from './learned';

export interface AskableText extends AskedText {
  /** Whether the answer is the one that this adapter wrote, the one in the data, or there is none. */
  readonly answerIs: 'written' | 'expected' | 'none';
}

/**
 * The adapter that just came into Compare; else the present one, as long as the library has it; else the last in Compare.
 * @param before the columns until now
 */
export function nowLookedAt(
  present: Pick<AdapterSummary, 'id' | 'shape'> | null,
  list: readonly AdapterSummary[],
  columns: readonly Column[],
  before: readonly Column[],
): Pick<AdapterSummary, 'id' | 'shape'> | null {
  const [shown, shownBefore] = [adaptersIn(columns), adaptersIn(before)];
  const isKept = list.some(({ id }) => id === present?.id);
  const id = shown.find((one) => !shownBefore.includes(one)) ?? (isKept ? present?.id : shown.at(-1));
  return list.find((adapter) => adapter.id === id) ?? null;
}

/** What the adapter answered, behind what it was asked; before it has, the prompt as it stands with the data's answer. */
export function textToAsk(compare: CompareState, adapterId: string): AskableText | null {
  const { columns, asked, prompt, format } = compare;
  const written = columns.find(
    ({ subject, output }) => subject.type === 'adapter' && subject.id === adapterId && output.status === 'done',
  );
  if (written && asked) {
    return { prompt: asked.prompt, format: asked.format, answer: written.output.text, answerIs: 'written' };
  }
  if (prompt === '') return null;
  const expected = expectedAnswer(compare);
  return { prompt, format, answer: expected ?? '', answerIs: expected === null ? 'none' : 'expected' };
}

export const isSameText = (a: AskedText, b: AskedText): boolean =>
  a.prompt === b.prompt && a.format === b.format && a.answer === b.answer;

const adaptersIn = (columns: readonly Column[]): string[] =>
  columns.flatMap(({ subject }) => (subject.type === 'adapter' ? [subject.id] : []));
