/** What is told of a row, from the scores of its labels. */
import { expect, it } from 'vitest';
import type { TokenisedRow } from '../../src/data';
import { rubricOf } from '../../src/evaluation';
import { subjectResult } from '../../src/evaluation/subjectResult';

const LABELS = ['good', 'bad', 'fair'];
const row = (label: string): TokenisedRow => ({
  line: 1,
  tokenIds: [1, 2],
  targetStart: 1,
  label,
  example: { line: 1, prompt: 'p', target: label, label },
  cut: [],
});

/** @param nats of each label */
function answersTo(truths: readonly string[], nats: readonly number[], prior: readonly number[] | null = null) {
  const scores = nats.map((loss) => ({
    negativeLogLikelihood: loss,
    weightedLoss: loss,
    tokens: 1,
    weight: 1,
    predicted: 0,
  }));
  const measured = truths.map(() => ({ scores, text: null }));
  return subjectResult(rubricOf('classification', LABELS, []), truths.map(row), measured, { labels: LABELS, prior });
}

it('a tie is not right, whichever of its labels is true, as in a validation', () => {
  const { outcomes, scored } = answersTo(['good', 'bad', 'fair'], [1, 1, 2], [0, 0, 0]);
  expect(outcomes.map(({ answer }) => answer)).toEqual(['bad', 'good', 'good']);
  expect(outcomes.map(({ right }) => right)).toEqual([false, false, false]);
  expect(scored.map(({ calibrated }) => calibrated)).toEqual(['bad', 'good', 'good']);
});

it('the likeliest label is the answer where there is one', () => {
  const { outcomes } = answersTo(['good', 'bad'], [3, 1, 2]);
  expect(outcomes.map(({ answer, right }) => [answer, right])).toEqual([
    ['bad', false],
    ['bad', true],
  ]);
});
