/** Every metric in plain words, with the field's term and its source; and its values, differences and intervals in figures. */
import { isLowerBetter, verdictOf } from '../../state';
import type { Interval, MetricName } from '../../worker';

/** `share`: 0..1, shown in per cent. `points`: 0..100 as its tool gives it. `times`: 1 and up. */
type Scale = 'share' | 'points' | 'times';

interface MetricWords {
  readonly label: string;
  /** The field's. */
  readonly term: string;
  /** What it is, and where it comes from. */
  readonly means: string;
  readonly scale: Scale;
}

export const METRIC_WORDS: Readonly<Record<MetricName, MetricWords>> = {
  accuracy: {
    label: 'Right answers',
    term: 'accuracy',
    means: 'Rows whose likeliest label is the one in the data.',
    scale: 'share',
  },
  accuracy_calibrated: {
    label: 'Right answers, calibrated',
    term: 'calibrated accuracy',
    means:
      'After contextual calibration (Zhao et al. 2021): label likelihoods are divided by what the untuned model gives the labels without an input, so that a habit of saying one of them counts for nothing.',
    scale: 'share',
  },
  macro_f1: {
    label: 'Right for each label alike',
    term: 'macro F1',
    means: 'The mean F1 of all labels in these rows or answers, a rare one as much as a frequent one; as scikit-learn.',
    scale: 'share',
  },
  precision: {
    label: 'Of those named, right',
    term: 'precision',
    means: 'Of the entities it names, those that are in the data, type and text alike; as seqeval (micro).',
    scale: 'share',
  },
  recall: {
    label: 'Of those there, named',
    term: 'recall',
    means: 'Of the entities in the data, those that it names, type and text alike; as seqeval (micro).',
    scale: 'share',
  },
  f1: {
    label: 'Both in one',
    term: 'F1',
    means: 'The harmonic mean of precision and recall over all entities; as seqeval (micro).',
    scale: 'share',
  },
  exact_match: {
    label: 'Word for word',
    term: 'exact match',
    means: 'Answers that are the target, apart from spaces.',
    scale: 'share',
  },
  rouge_l: {
    label: 'Same words in order',
    term: 'ROUGE-L',
    means: 'Lin 2004: F1 of the longest common subsequence of words; as Google’s rouge-score.',
    scale: 'share',
  },
  chrf: {
    label: 'Same letters in a row',
    term: 'chrF',
    means: 'Popović 2015 (chrF2): F score of runs of one to six characters, 0 to 100; as sacreBLEU.',
    scale: 'points',
  },
  bleu: {
    label: 'Same words in a row',
    term: 'BLEU',
    means: 'Papineni et al. 2002: precision of runs of one to four words over all rows, 0 to 100; as sacreBLEU.',
    scale: 'points',
  },
  perplexity: {
    label: 'Surprise at the target',
    term: 'perplexity',
    means: 'e to the mean loss per token of the target. 1 is no surprise at all.',
    scale: 'times',
  },
  distinct_1: {
    label: 'Varied words',
    term: 'distinct-1',
    means: 'Li et al. 2016: different words, as a share of all words of all answers.',
    scale: 'share',
  },
  distinct_2: {
    label: 'Varied pairs of words',
    term: 'distinct-2',
    means: 'Li et al. 2016: different pairs of neighbouring words, as a share of all of them.',
    scale: 'share',
  },
};

/** Which way is better, for the eye and for the ear. */
export const directionOf = (metric: MetricName) =>
  isLowerBetter(metric)
    ? ({ arrow: '↓', words: 'lower is better' } as const)
    : ({ arrow: '↑', words: 'higher is better' } as const);

function figure(scale: Scale, value: number, digits: number): string {
  if (!Number.isFinite(value)) return 'not a number';
  return (scale === 'share' ? 100 * value : value).toFixed(digits);
}

const DIGITS = {
  share: { value: 1, bound: 0 },
  points: { value: 1, bound: 1 },
  times: { value: 2, bound: 2 },
} as const;

/** `94.1 %` */
export function formatScore(metric: MetricName, { value }: Interval): string {
  const { scale } = METRIC_WORDS[metric];
  return `${figure(scale, value, DIGITS[scale].value)}${scale === 'share' ? ' %' : ''}`;
}

/** `88–98`, in the unit of the score. */
export function formatRange(metric: MetricName, { low, high }: Interval): string {
  const { scale } = METRIC_WORDS[metric];
  const bound = (value: number) => figure(scale, value, DIGITS[scale].bound);
  return `${bound(low)}–${bound(high)}`;
}

/** `+23.5 points (14 to 33)`; of shares in percentage points. */
export function formatDifference(metric: MetricName, { value, low, high }: Interval): string {
  const { scale } = METRIC_WORDS[metric];
  const signed = (number: number, digits: number) => {
    const text = figure(scale, number, digits);
    // A minus sign as wide as the plus; and no −0.
    return Number(text) > 0 ? `+${text}` : Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
  };
  const { value: digits, bound } = DIGITS[scale];
  const unit = scale === 'times' ? '' : ' points';
  return `${signed(value, digits)}${unit} (${signed(low, bound)} to ${signed(high, bound)})`;
}

export function sayVerdict(metric: MetricName, difference: Interval): string {
  const verdict = verdictOf(metric, difference);
  return verdict === 'unclear' ? 'may be chance' : `${verdict}, more than chance`;
}
