/**
 * Classification as scikit-learn scores it: accuracy, macro F1 (`f1_score(average='macro', zero_division=0)`) and the
 * confusion matrix.
 *
 *   F1 of a label = 2 · tp / (2 · tp + fp + fn) = 2 · tp / (times it is true + times it is predicted)
 *
 * and macro F1 is the plain mean over those labels that are true or predicted anywhere, however rare. A label that none of
 * the rows has says nothing of them: were it 0, few rows and many labels would make a perfect score impossible.
 */
import { type Measure, mean } from './measure';

interface Labelled {
  readonly target: string;
  readonly answer: string;
}

export function accuracy(rows: readonly Labelled[]): Measure {
  return mean(rows.map(({ target, answer }) => Number(target === answer)));
}

export function macroF1(rows: readonly Labelled[], labels: readonly string[]): Measure {
  const index = indexOf(labels);
  const targets = rows.map(({ target }) => index.get(target) ?? -1);
  const answers = rows.map(({ answer }) => index.get(answer) ?? -1);
  return {
    of(weights) {
      const both = new Float64Array(labels.length);
      const either = new Float64Array(labels.length);
      rows.forEach((_, row) => {
        const weight = weights[row]!;
        const target = targets[row]!;
        const answer = answers[row]!;
        if (target >= 0) either[target]! += weight;
        if (answer >= 0) either[answer]! += weight;
        if (target >= 0 && target === answer) both[target]! += weight;
      });
      const occurring = either.reduce((count, times) => count + Number(times > 0), 0);
      const sum = both.reduce((total, hits, i) => total + (hits === 0 ? 0 : (2 * hits) / either[i]!), 0);
      return occurring === 0 ? 0 : sum / occurring;
    },
  };
}

/** `[true label][predicted label]`; a row with another label on either side is in none of the cells. */
export function confusionOf(rows: readonly Labelled[], labels: readonly string[]): number[][] {
  const index = indexOf(labels);
  const matrix = labels.map(() => labels.map(() => 0));
  for (const { target, answer } of rows) {
    const row = matrix[index.get(target) ?? -1];
    const column = index.get(answer);
    if (row !== undefined && column !== undefined) row[column]!++;
  }
  return matrix;
}

const indexOf = (labels: readonly string[]) => new Map(labels.map((label, i) => [label, i]));
