/**
 * 95 % intervals by the percentile bootstrap (Efron & Tibshirani 1993, chapter 13): the rows are drawn anew, with
 * replacement, 1000 times, and the interval holds the middle 95 % of what the metric is on these resamples. All measures
 * see the same resamples, so that a difference of two of them is the paired bootstrap (Koehn 2004).
 */
import { Random } from '../../tuning';
import type { Interval } from '../../worker/evaluationProtocol';
import type { Measure } from './measure';

const RESAMPLES = 1000;
const TAIL = 0.025;

/**
 * The interval always holds the value: with few rows a skewed metric can lie outside of its own resamples, and the interval
 * is then widened up to it. Where all resamples agree (one row, or rows that are all alike) it is that point.
 * @param rows how many rows the measures are of, at least 1
 */
export function bootstrap<Name extends string>(
  measures: ReadonlyMap<Name, Measure>,
  rows: number,
  seed: number,
): Partial<Record<Name, Interval>> {
  const resampled = [...measures].map(([name, measure]) => ({
    name,
    measure,
    value: measure.of(new Uint32Array(rows).fill(1)),
    values: new Float64Array(RESAMPLES),
  }));
  const random = new Random(seed);
  const weights = new Uint32Array(rows);
  for (let i = 0; i < RESAMPLES; i++) {
    weights.fill(0);
    for (let drawn = 0; drawn < rows; drawn++) weights[random.integer(rows)]!++;
    for (const { measure, value, values } of resampled) values[i] = settled(measure.of(weights), value);
  }
  const intervals: Partial<Record<Name, Interval>> = {};
  for (const { name, measure, value, values } of resampled) {
    const shift = measure.centredWithin ? value - average(values) : 0;
    const [least, greatest] = measure.centredWithin ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    values.sort();
    intervals[name] = {
      value,
      low: Math.max(least, Math.min(value, percentile(values, TAIL) + shift)),
      high: Math.min(greatest, Math.max(value, percentile(values, 1 - TAIL) + shift)),
    };
  }
  return intervals;
}

/** The value itself where rounding alone parts them: the same rows in other numbers are summed in other steps. */
function settled(resampled: number, value: number): number {
  return Math.abs(resampled - value) <= 1e-12 * Math.max(1, Math.abs(value)) ? value : resampled;
}

/** Between the two nearest of the sorted values, as numpy's default does. @param share 0..1 */
function percentile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low === high ? low : low + (position - below) * (high - low);
}

/** Exact where all values are equal. */
function average(values: Float64Array): number {
  const first = values[0]!;
  return first + values.reduce((sum, value) => sum + (value - first), 0) / values.length;
}
