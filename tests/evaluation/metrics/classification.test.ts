/** Accuracy, macro F1 and the confusion matrix against scikit-learn; calibration against its formula. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrated, confusionOf, logPrior, probabilities } from '../../../src/evaluation';
import { accuracy, macroF1 } from '../../../src/evaluation/metrics/classification';
import { labelled } from './goldens';

const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 12));

describe('classification', () => {
  it('is scored as scikit-learn does, also with labels that never occur and answers that are none', () => {
    const cases = labelled();
    expect(cases.length).toBeGreaterThan(100);
    for (const { labels, targets, answers, ...expected } of cases) {
      const rows = targets.map((target, i) => ({ target, answer: answers[i] ?? '' }));
      const once = rows.map(() => 1);
      expect(accuracy(rows).of(once)).toBeCloseTo(expected.accuracy, 12);
      expect(macroF1(rows, labels).of(once)).toBeCloseTo(expected.macro_f1, 12);
      expect(confusionOf(rows, labels)).toEqual(expected.confusion);
    }
  });

  it('counts a row as often as its weight says', () => {
    const rows = [
      { target: 'a', answer: 'a' },
      { target: 'b', answer: 'a' },
    ];
    // a: 2·2/(2+3), b: 0.
    expect(macroF1(rows, ['a', 'b']).of([2, 1])).toBeCloseTo(0.4, 12);
    expect(accuracy(rows).of([2, 1])).toBeCloseTo(2 / 3, 12);
  });

  it('is perfect where all answers are right, though some labels are in none of the rows', () => {
    const rows = [
      { target: 'a', answer: 'a' },
      { target: 'b', answer: 'b' },
    ];
    const measure = macroF1(rows, ['a', 'b', 'c', 'd']);
    expect(measure.of([1, 1])).toBe(1);
    expect(measure.of([2, 0])).toBe(1);
  });
});

describe('calibration', () => {
  const nats = fc.array(fc.double({ min: -50, max: 0, noNaN: true }), { minLength: 3, maxLength: 3 });

  it('multiplies probabilities by the inverse of the prior, as the paper has it', () => {
    fc.assert(
      fc.property(nats, nats, (row, contentFree) => {
        const scaled = probabilities(row).map((p, label) => p / (probabilities(contentFree)[label] ?? 0));
        const sum = scaled.reduce((a, b) => a + b);
        const result = calibrated(row, logPrior([contentFree]));
        result.forEach((p, label) => {
          expect(p).toBeCloseTo((scaled[label] ?? 0) / sum, 9);
        });
      }),
    );
  });

  it('turns an answer that the model gives to anything', () => {
    const prior = logPrior([[Math.log(0.9), Math.log(0.1)]]);
    const row = [Math.log(0.7), Math.log(0.3)];
    expect(probabilities(row)[0]).toBeCloseTo(0.7, 12);
    expect(calibrated(row, prior)[0]).toBeCloseTo(0.7 / 0.9 / (0.7 / 0.9 + 0.3 / 0.1), 12);
  });

  it('takes the mean of probabilities over several inputs without content', () => {
    const inputs = [
      [Math.log(0.2), Math.log(0.2)],
      [Math.log(0.9), Math.log(0.1)],
    ];
    expect(logPrior(inputs).map(Math.exp)).toEqual(close([0.7, 0.3]));
  });

  it('stands likelihoods so small that they are 0 as numbers', () => {
    expect(probabilities([-2000, -2000])).toEqual(close([0.5, 0.5]));
    expect(calibrated([-2000, -3000], logPrior([[-2000, -3000]]))).toEqual(close([0.5, 0.5]));
    expect(calibrated([-1, -2], [0, 0]).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });
});
