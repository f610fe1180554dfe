/**
 * The scores of a report as a table, metrics in rows and subjects in columns, and what its confusion matrices say. A
 * difference counts as clear only where its interval does not hold 0.
 */
import type { EvaluationReport, Interval, MetricName } from '../worker';

/** In the order in which they are shown. */
const METRICS = [
  'accuracy',
  'accuracy_calibrated',
  'macro_f1',
  'precision',
  'recall',
  'f1',
  'exact_match',
  'rouge_l',
  'chrf',
  'bleu',
  'perplexity',
  'distinct_1',
  'distinct_2',
] as const satisfies readonly MetricName[];

export interface ScoreCell {
  readonly value: Interval | null;
  /** To the first subject; null for the first itself. */
  readonly difference: Interval | null;
}

export interface MetricRow {
  readonly metric: MetricName;
  /** One per subject. */
  readonly cells: readonly ScoreCell[];
}

export function metricRows({ subjects }: Pick<EvaluationReport, 'subjects'>): MetricRow[] {
  return METRICS.filter((name) => subjects.some(({ metrics }) => metrics[name] !== undefined)).map((metric) => ({
    metric,
    cells: subjects.map(({ metrics, differences }) => ({
      value: metrics[metric] ?? null,
      difference: differences[metric] ?? null,
    })),
  }));
}

export const isLowerBetter = (metric: MetricName): boolean => metric === 'perplexity';

export type Verdict = 'better' | 'worse' | 'unclear';

export function verdictOf(metric: MetricName, { low, high }: Interval): Verdict {
  if (low <= 0 && high >= 0) return 'unclear';
  return low > 0 === isLowerBetter(metric) ? 'worse' : 'better';
}

export interface Mistake {
  readonly label: string;
  readonly takenFor: string;
  readonly count: number;
  /** Rows that have the label. */
  readonly of: number;
}

/** For each label that is mistaken at all, what it is most often taken for; the most frequent mistake first. */
export function mistakesOf(confusion: readonly (readonly number[])[], labels: readonly string[]): Mistake[] {
  return confusion
    .flatMap((counts, truth): Mistake[] => {
      const others = counts.map((count, label) => (label === truth ? 0 : count));
      const count = Math.max(0, ...others);
      const [label, takenFor] = [labels[truth], labels[others.indexOf(count)]];
      if (count === 0 || label === undefined || takenFor === undefined) return [];
      return [{ label, takenFor, count, of: counts.reduce((sum, one) => sum + one, 0) }];
    })
    .sort((a, b) => b.count - a.count);
}
