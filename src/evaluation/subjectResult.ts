/** From what a subject did with each row to what is told of it: answers, losses, probabilities, and rows to score. */
import type { TokenisedRow } from '../data';
import type { Task } from '../worker/dataProtocol';
import type { RowOutcome } from '../worker/evaluationProtocol';
import type { Measurement } from './measureRows';
import { calibrated, probabilities } from './metrics/calibration';
import { rightness, type ScoredRow } from './metrics/taskMetrics';

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
  task: Task,
  rows: readonly TokenisedRow[],
  measured: readonly Measurement[],
  choosing: Choosing | null,
): SubjectResult {
  const parts = rows.map((row, i) => resultOf(row, measured[i] as Measurement, choosing));
  const scored = parts.map((part) => part.scored);
  const right = rightness(task, scored);
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
  const answer = likeliest(labels, shares);
  const corrected = prior && likeliest(labels, calibrated(logLikelihoods, prior));
  return { scored: { target, answer, nats, tokens, calibrated: corrected }, loss, shares };
}

/** The first of the likeliest. */
export const likeliest = (labels: readonly string[], shares: readonly number[]): string =>
  labels[shares.indexOf(Math.max(...shares))] ?? '';
