/** From what a subject did with each row to what is told of it: answers, losses, probabilities, and rows to score. */
import type { TokenisedRow } from '../data';
import type { RowOutcome } from '../worker/evaluationProtocol';
import type { Measurement } from './measureRows';
import { calibrated, probabilities } from './metrics/calibration';
import { type Rubric, rightness, type ScoredRow } from './metrics/taskMetrics';

export interface SubjectResult {
  readonly scored: readonly ScoredRow[];
  readonly outcomes: readonly RowOutcome[];
}

export interface Choosing {
  readonly labels: readonly string[];
  /** Logarithms of the labels' probabilities where there is no input; null where that could not be measured. */
  readonly prior: readonly number[] | null;
}

/** What the data says: the label's name, or the target without the spaces around it. */
export const expectedOf = ({ example, label }: TokenisedRow): string => label ?? example.target.trim();

/** @param choosing null where the task writes */
export function subjectResult(
  rubric: Rubric,
  rows: readonly TokenisedRow[],
  measured: readonly Measurement[],
  choosing: Choosing | null,
): SubjectResult {
  const parts = rows.map((row, i) => resultOf(row, measured[i] as Measurement, choosing));
  const scored = parts.map((part) => part.scored);
  const right = rightness(rubric, scored);
  const outcomes = parts.map(({ scored: { answer }, loss, shares }, i) => ({
    answer,
    right: right[i] ?? null,
    loss,
    probabilities: shares,
  }));
  return { scored, outcomes };
}

function resultOf(row: TokenisedRow, { scores, text }: Measurement, choosing: Choosing | null) {
  const own = scores[choosing ? choosing.labels.indexOf(row.label ?? '') : 0];
  const { negativeLogLikelihood: nats = 0, tokens = 0, weightedLoss = 0, weight = 1 } = own ?? {};
  // As in training and validation: the end token has a small weight. Perplexity is of all tokens alike.
  const loss = weightedLoss / weight;
  const target = expectedOf(row);
  if (!choosing) return { scored: { target, answer: text ?? '', nats, tokens, calibrated: null }, loss, shares: null };
  const { labels, prior } = choosing;
  const logLikelihoods = scores.map((one) => -one.weightedLoss);
  const shares = probabilities(logLikelihoods);
  const answer = likeliestOther(labels, logLikelihoods, target);
  const corrected = prior && likeliestOther(labels, calibrated(logLikelihoods, prior), target);
  return { scored: { target, answer, nats, tokens, calibrated: corrected }, loss, shares };
}

/** The first of the likeliest. @param values one per label: probabilities, or their logarithms */
export const likeliest = (labels: readonly string[], values: readonly number[]): string =>
  labels[values.indexOf(Math.max(...values))] ?? '';

/** Of labels that are equally likely, one that is not the true one: a tie is not right, as in a validation. */
function likeliestOther(labels: readonly string[], values: readonly number[], truth: string): string {
  const best = Math.max(...values);
  return labels.find((label, i) => values[i] === best && label !== truth) ?? likeliest(labels, values);
}
