/** What one subject does with each row: how likely it finds what may follow, and what it writes where the task writes. */
import { BatchSize, type DeviceAdapter, type SequenceScore, score } from '../inference';
import { bucketOf, SCORING_BATCH } from '../tuning';
import { type EvaluatedModel, type Question, sequencesOf } from './question';
import { type WritingOptions, writeAnswers } from './writeAnswers';

export interface Measurement {
  /** Of each choice of the question. */
  readonly scores: readonly SequenceScore[];
  /** What was written; null where the task is to choose. */
  readonly text: string | null;
}

export interface MeasureOptions {
  /** null: the task is to choose. */
  readonly writing: Omit<WritingOptions, 'isStopped'> | null;
  readonly isStopped: () => boolean;
  readonly onRows: (done: number) => void;
}

/** @returns in the order of the questions; null if it was stopped before the last one */
export async function measureRows(
  model: EvaluatedModel,
  adapter: DeviceAdapter | null,
  questions: readonly Question[],
  { writing, isStopped, onRows }: MeasureOptions,
): Promise<Measurement[] | null> {
  const { loaded, kernels } = model;
  const size = new BatchSize(loaded);
  const measured = new Array<Measurement>(questions.length);
  // Rows of similar length together: they share a shape, and little of it is padding.
  const order = [...questions.entries()].sort(([, a], [, b]) => bucketOf(a.prompt.length) - bucketOf(b.prompt.length));
  for (let start = 0; start < order.length; start += SCORING_BATCH) {
    if (isStopped()) return null;
    const group = order.slice(start, start + SCORING_BATCH);
    const sequences = group.flatMap(([, question]) => sequencesOf(question));
    const scores = await size.within((rows) => score(loaded, kernels, adapter, sequences, rows));
    const prompts = group.map(([, { prompt }]) => prompt);
    const texts = writing && (await writeAnswers(model, adapter, size, prompts, { ...writing, isStopped }));
    let next = 0;
    for (const [k, [i, { choices }]] of group.entries()) {
      const text = texts?.[k] ?? null;
      if (writing && text === null) return null;
      measured[i] = { scores: scores.slice(next, next + choices.length), text };
      next += choices.length;
    }
    onRows(start + group.length);
  }
  return measured;
}
