/**
 * A metric as something that can be resampled: its value on the rows, each counted as often as its weight says. With the
 * weight 1 everywhere it is the metric; with the counts of rows drawn with replacement it is the metric of that resample.
 */
export interface Measure {
  /** @param weights `[rows]`, how often each row counts; whole numbers, not all of them 0 */
  of(weights: ArrayLike<number>): number;
  /**
   * Where drawing a row twice changes the value by itself (a repeated text brings no new words): the least and the greatest
   * value there is. Of such a measure only the spread of the resamples says something, not where they lie.
   */
  readonly centredWithin?: readonly [least: number, greatest: number];
}

/** A measure that depends on its rows by the sums of their numbers alone. @param rows `[rows][width]` */
export function additive(rows: readonly (readonly number[])[], of: (sums: Float64Array) => number): Measure {
  const width = rows[0]?.length ?? 0;
  const flat = Float64Array.from(rows.flat());
  return {
    of(weights) {
      const sums = new Float64Array(width);
      for (let row = 0; row < rows.length; row++) {
        const weight = weights[row]!;
        if (weight === 0) continue;
        for (let i = 0; i < width; i++) sums[i]! += weight * flat[row * width + i]!;
      }
      return of(sums);
    },
  };
}

/** The mean over rows of a number that each row has by itself. */
export function mean(values: readonly number[]): Measure {
  return additive(
    values.map((value) => [value, 1]),
    ([sum, count]) => sum! / count!,
  );
}

/** `measure` minus `baseline`, of one kind, on the same rows: where both are resampled alike, the difference is paired. */
export function difference(measure: Measure, baseline: Measure): Measure {
  const of: Measure['of'] = (weights) => measure.of(weights) - baseline.of(weights);
  if (measure.centredWithin === undefined) return { of };
  const [least, greatest] = measure.centredWithin;
  return { of, centredWithin: [least - greatest, greatest - least] };
}
