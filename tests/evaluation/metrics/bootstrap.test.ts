/** Intervals by resampling: where they lie, that they come back with the seed, and that differences are paired. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrap } from '../../../src/evaluation/metrics/bootstrap';
import { distinct } from '../../../src/evaluation/metrics/distinct';
import { difference, type Measure, mean } from '../../../src/evaluation/metrics/measure';
import { Random } from '../../../src/tuning';

const of = (measure: Measure, rows: number, seed = 0) =>
  bootstrap(new Map([['it', measure]]), rows, seed).it ?? { value: 0, low: 0, high: 0 };

/** 0 or 1, `share` of them 1. */
const hits = (rows: number, share: number) => Array.from({ length: rows }, (_, i) => Number(i < share * rows));

describe('the interval', () => {
  it('of a mean is the value ± 1.96 standard errors', () => {
    const { value, low, high } = of(mean(hits(400, 0.3)), 400);
    const error = 1.96 * Math.sqrt((0.3 * 0.7) / 400);
    expect(value).toBe(0.3);
    expect(Math.abs(low - (0.3 - error))).toBeLessThan(0.15 * error);
    expect(Math.abs(high - (0.3 + error))).toBeLessThan(0.15 * error);
  });

  it('holds the value, and is within the least and the greatest row', () => {
    const rows = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(rows, fc.nat(), (values, seed) => {
        const { value, low, high } = of(mean(values), values.length, seed);
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(low).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9);
        expect(high).toBeLessThanOrEqual(Math.max(...values) + 1e-9);
      }),
      { numRuns: 20 },
    );
  });

  it('holds the value also where every resample lies on the same side of it', () => {
    const drawn = (sign: number): Measure => ({
      of: (weights) => sign * Array.from(weights).filter((weight) => weight > 0).length,
    });
    expect(of(drawn(1), 50).high).toBe(50);
    expect(of(drawn(1), 50).low).toBeLessThan(40);
    expect(of(drawn(-1), 50).low).toBe(-50);
    expect(of(drawn(-1), 50).high).toBeGreaterThan(-40);
  });

  it('is the value itself with one row, and with rows that are all alike', () => {
    expect(of(mean([0.3]), 1)).toEqual({ value: 0.3, low: 0.3, high: 0.3 });
    const { value, low, high } = of(mean(new Array<number>(7).fill(0.3)), 7);
    expect([low, high]).toEqual([value, value]);
    expect(of(distinct(['a b c'], 1), 1)).toEqual({ value: 1, low: 1, high: 1 });
  });

  it('is the same for the same seed, and another for another', () => {
    const measure = mean(hits(50, 0.5).map((hit, i) => hit + i / 100));
    expect(of(measure, 50, 7)).toEqual(of(measure, 50, 7));
    expect(of(measure, 50, 7)).not.toEqual(of(measure, 50, 8));
  });

  it('narrows with the root of the number of rows', () => {
    const width = (rows: number) => {
      const { low, high } = of(mean(hits(rows, 0.5)), rows);
      return high - low;
    };
    expect(width(100) / width(1600)).toBeCloseTo(4, 0);
  });

  it('of distinct-n lies around its value, although a text that is drawn twice brings nothing new', () => {
    const random = new Random(1);
    const texts = Array.from({ length: 60 }, () =>
      Array.from({ length: 8 }, () => `w${random.integer(200)}`).join(' '),
    );
    const { value, low, high } = of(distinct(texts, 1), 60);
    expect(value - low).toBeGreaterThan(0.2 * (high - low));
    expect(high - value).toBeGreaterThan(0.2 * (high - low));
  });

  it('of distinct-n does not go beyond what it can be', () => {
    const all = of(distinct(['a b', 'c d', 'e f g h i'], 1), 3);
    expect([all.value, all.high]).toEqual([1, 1]);
    expect(all.low).toBeLessThan(1);
    expect(of(distinct(['a a a a a a', 'a', 'a a'], 1), 3).low).toBeGreaterThanOrEqual(0);
    const most = difference(distinct(['a b', 'c d e f'], 1), distinct(['a a', 'a a a a'], 1));
    expect(of(most, 2).high).toBeLessThanOrEqual(1);
  });
});

describe('the interval of a difference', () => {
  const before = hits(200, 0.5);
  const fixed = before.map((hit, i) => (i >= 100 && i < 120 ? 1 : hit));

  it('is of the same rows on both sides: far narrower than each alone where they mostly agree', () => {
    const each = of(mean(before), 200);
    const paired = of(difference(mean(fixed), mean(before)), 200);
    expect(paired.value).toBeCloseTo(0.1, 12);
    expect(paired.low).toBeGreaterThan(0.05);
    expect(paired.high - paired.low).toBeLessThan(0.7 * (each.high - each.low));
  });

  it('is that of the rows resampled one by one', () => {
    const rows = fixed.map((hit, i) => hit - (before[i] ?? 0));
    const paired = of(difference(mean(fixed), mean(before)), 200, 5);
    const single = of(mean(rows), 200, 5);
    expect(paired.low).toBeCloseTo(single.low, 12);
    expect(paired.high).toBeCloseTo(single.high, 12);
  });
});
