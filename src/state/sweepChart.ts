/**
 * What a sweep has found, in the layout the chart takes (sizes, then the loss of each method and the numbers it learns),
 * and the same in words.
 */
import type { SweepSeries } from '../worker';

export type SweepColumns = [sizes: number[], ...values: (number | null)[][]];

export function sweepColumns(series: readonly SweepSeries[]): SweepColumns {
  const all = series.flatMap(({ points }) => points.map(({ size }) => size));
  const sizes = [...new Set(all)].sort((a, b) => a - b);
  const values = series.flatMap(({ points }) => {
    const found = sizes.map((at) => points.find(({ size }) => size === at));
    return [found.map((point) => point?.loss ?? null), found.map((point) => point?.parameters ?? null)];
  });
  return [sizes, ...values];
}

/** One sentence a method, for screen readers. */
export function describeSweep(series: readonly SweepSeries[]): string {
  const sentences = series.map(({ method, points }) => {
    const parts = points.map(
      ({ size, loss, parameters }) => `${loss.toFixed(2)} at ${size} (${parameters.toLocaleString('en')} numbers)`,
    );
    return `${method === 'lora' ? 'LoRA' : method}: ${parts.join(', ')}.`;
  });
  return sentences.join(' ');
}
