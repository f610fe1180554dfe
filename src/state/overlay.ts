/**
 * Several runs in one chart: their curves over all their steps, in the layout the chart takes (steps, then training and
 * validation loss of each run), and the same in words.
 */
import type { OverlayLine } from './runTable';

export type OverlayColumns = [steps: number[], ...losses: (number | null)[][]];

/** As many as can still be told apart. */
export const MAX_OVERLAID = 8;

export function overlayColumns(lines: readonly OverlayLine[]): OverlayColumns {
  const all = lines.flatMap(({ curve: { train, validation } }) => [...train.steps, ...validation.map(stepOf)]);
  const steps = [...new Set(all)].sort((a, b) => a - b);
  const losses = lines.flatMap(({ curve: { train, validation } }) => {
    const trained = new Map(train.steps.map((step, index) => [step, train.losses[index] ?? null]));
    const validated = new Map(validation.map(({ step, loss }) => [step, loss]));
    return [trained, validated].map((points) => steps.map((step) => points.get(step) ?? null));
  });
  return [steps, ...losses];
}

/** One sentence a run, for screen readers. */
export function describeOverlay(lines: readonly OverlayLine[]): string {
  const sentences = lines.map(({ name, curve: { validation } }) => {
    const known = validation.filter(({ loss }) => loss !== null);
    const [first, last] = [known[0], known.at(-1)];
    if (first?.loss == null || last?.loss == null) return `${name} has no validation yet.`;
    const end = `${last.loss.toFixed(2)} at step ${last.step}`;
    if (first === last) return `${name}: validation loss ${end}.`;
    return `${name}: validation loss from ${first.loss.toFixed(2)} at step ${first.step} to ${end}.`;
  });
  return sentences.join(' ');
}

const stepOf = ({ step }: { readonly step: number }): number => step;
