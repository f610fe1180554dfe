/** Scores, differences and votes as words and figures, and the table of scores as Markdown. */
import { describe, expect, it } from 'vitest';
import type { Measured } from '../../src/state';
import { scoresAsMarkdown } from '../../src/ui/evaluation/markdown';
import {
  directionOf,
  formatDifference,
  formatRange,
  formatScore,
  METRIC_WORDS,
  sayVerdict,
} from '../../src/ui/evaluation/metricWords';
import { saySplit, sayTally } from '../../src/ui/evaluation/voteWords';
import type { Interval } from '../../src/worker';

const interval = (value: number, low: number, high: number): Interval => ({ value, low, high });

describe('scores', () => {
  it('of shares are per cent, of sacreBLEU its points, and perplexity is a plain number', () => {
    expect(formatScore('accuracy', interval(0.9411, 0.88, 0.98))).toBe('94.1 %');
    expect(formatRange('accuracy', interval(0.9411, 0.881, 0.979))).toBe('88–98');
    expect(formatScore('bleu', interval(31.24, 28, 34))).toBe('31.2');
    expect(formatScore('perplexity', interval(12.345, 11, 13))).toBe('12.35');
    expect(formatScore('perplexity', interval(Number.POSITIVE_INFINITY, 1, 2))).toBe('not a number');
  });

  it('differ with a sign and a unit, and zero has none', () => {
    expect(formatDifference('accuracy', interval(0.235, -0.14, 0.33))).toBe('+23.5 points (−14 to +33)');
    expect(formatDifference('chrf', interval(-1.5, -3, 0.2))).toBe('−1.5 points (−3.0 to +0.2)');
    expect(formatDifference('perplexity', interval(-6, -7.95, -4.05))).toBe('−6.00 (−7.95 to −4.05)');
    expect(formatDifference('accuracy', interval(-0.0001, -0.001, 0.001))).toBe('0.0 points (0 to 0)');
  });

  it('are better or worse only where chance is unlikely', () => {
    expect(sayVerdict('accuracy', interval(0.2, 0.1, 0.3))).toBe('better, more than chance');
    expect(sayVerdict('perplexity', interval(2, 1, 3))).toBe('worse, more than chance');
    expect(sayVerdict('accuracy', interval(0.2, -0.1, 0.5))).toBe('may be chance');
  });

  it('say which way is better', () => {
    expect(directionOf('perplexity')).toEqual({ arrow: '↓', words: 'lower is better' });
    expect(directionOf('f1').arrow).toBe('↑');
  });

  it('have the field’s term, each its own', () => {
    const terms = Object.values(METRIC_WORDS).map(({ term }) => term);
    expect(new Set(terms).size).toBe(terms.length);
  });
});

it('the table of scores is Markdown, and a name does not break it', () => {
  const measured: Pick<Measured, 'report' | 'subjects'> = {
    subjects: [
      { subject: { type: 'model' }, name: 'The model alone', tone: 'base' },
      { subject: { type: 'adapter', id: 'p' }, name: 'a | b', tone: 'tuned' },
    ],
    report: {
      dataset: 'reviews.tsv',
      task: 'classification',
      labels: ['good', 'bad'],
      rows: [],
      notes: [],
      subjects: [
        {
          subject: { type: 'model' },
          metrics: { accuracy: interval(0.5, 0.4, 0.6) },
          differences: {},
          confusion: null,
          seconds: 1,
        },
        {
          subject: { type: 'adapter', id: 'p' },
          metrics: { accuracy: interval(0.9, 0.8, 1) },
          differences: { accuracy: interval(0.4, 0.3, 0.5) },
          confusion: null,
          seconds: 1,
        },
      ],
    },
  };
  expect(scoresAsMarkdown(measured).split('\n')).toEqual([
    'reviews.tsv, 0 held-out rows; with 95 % intervals (bootstrap).',
    '',
    '|  | The model alone | a \\| b |',
    '| --- | ---: | ---: |',
    '| Right answers (accuracy) ↑ | 50.0 % (40–60) | 90.0 % (80–100); +40.0 points (+30 to +50), better, more than chance |',
    '',
  ]);
});

describe('votes', () => {
  it.each([
    [0, 0, 1, 'No vote prefers either.'],
    [5, 5, 1, '5 to 5: may be chance. Coins would split at least as unevenly always (p = 1.000).'],
    [8, 2, 0.109, '8 to 2: may be chance. Coins would split at least as unevenly 11 times in 100 (p = 0.109).'],
    [10, 0, 0.00195, '10 to 0: more than chance. Coins would split at least as unevenly 2 times in 1,000 (p = 0.002).'],
    [
      20,
      0,
      1.9e-6,
      '20 to 0: more than chance. Coins would split at least as unevenly less than once in 1,000 times (p < 0.001).',
    ],
  ])('of %i to %i are told with how often chance does that', (first, second, p, words) => {
    expect(saySplit(first, second, p)).toBe(words);
  });

  it('of a report before are told with their data', () => {
    const tally = {
      firstName: 'The model alone',
      secondName: 'Keeper',
      dataset: 'chat.jsonl',
      first: 2,
      second: 7,
      equal: 1,
    };
    expect(sayTally(tally)).toBe('On chat.jsonl: The model alone 2, Keeper 7, equal 1.');
  });
});
