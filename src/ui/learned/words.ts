/** What the figures say in words, for who cannot or would rather not read them. Layers, heads and positions count from 1. */
import type { GazeRow } from '../../state';
import type { AblationFigure, FigureName, MethodName } from '../../worker';
import { formatAccuracy, formatLoss, formatPlural, formatShare } from '../format';

interface FigureTitle {
  readonly title: string;
  /** On the button that begins it. */
  readonly ask: string;
}

export const TITLES: Readonly<Record<FigureName, FigureTitle>> = {
  attention: { title: 'Where the model looks', ask: 'Show where it looks' },
  ablation: { title: 'Which layers matter', ask: 'Switch layers off' },
  norms: { title: 'How large the numbers are', ask: 'Show the sizes' },
  neighbours: { title: 'Which words are near', ask: 'Find near words' },
};

/** Why figures of other methods are not here; null where none is missing. */
export const MISSING: Readonly<Record<MethodName, string | null>> = {
  prefix:
    'There are no near words to show: a prefix is made of keys and values, not of embeddings as the words of the vocabulary are.',
  prompt: null,
  lora: 'There is no map of attention and there are no near words to show: LoRA changes the model’s matrices and puts no virtual tokens in front of the text.',
};

/** `Layer 5 looks at the prefix most: 34 % of its attention, and there at position 3 most (12 %). …` */
export function sayGaze(rows: readonly GazeRow[], method: 'prefix' | 'prompt', of: 'Layer' | 'Head'): string {
  const [most, least] = extremes(rows, ({ total }) => total);
  if (most === undefined || least === undefined) return '';
  const at = most.shares.indexOf(Math.max(...most.shares));
  const lead = `${of} ${most.index + 1} looks at the ${method} most: ${formatShare(most.total)} of its attention, and there at position ${at + 1} most (${formatShare(most.shares[at] ?? 0)}).`;
  return rows.length === 1 ? lead : `${lead} ${of} ${least.index + 1} does least: ${formatShare(least.total)}.`;
}

/** `Without layer 5 it does worst: …`, of the layers that were measured. */
export function sayAblation({ rows, alone, whole, layers }: Omit<AblationFigure, 'stopped'>): string {
  const measured = `Measured on ${formatPlural(rows, 'held-out row')}: loss ${withAccuracy(whole)} with all of it, ${withAccuracy(alone)} for the model alone.`;
  const [worst] = extremes(layers, ({ loss }) => loss);
  if (worst === undefined) return measured;
  if (worst.loss <= whole.loss) return `${measured} No layer that was switched off made it worse.`;
  return `${measured} Without layer ${worst.layer + 1} it does worst: ${formatChange(worst.loss - whole.loss)} nats.`;
}

/** `+0.200`, `−0.013`. */
export function formatChange(change: number): string {
  return `${change < 0 ? '−' : '+'}${formatLoss(Math.abs(change))}`;
}

/** A token as it can be seen: spaces and line ends in signs. */
export function showToken(text: string): string {
  return text === '' ? '∅' : text.replaceAll(' ', '␣').replaceAll('\n', '↵').replaceAll('\t', '⇥');
}

function withAccuracy({ loss, accuracy }: AblationFigure['whole']): string {
  return accuracy === null ? formatLoss(loss) : `${formatLoss(loss)} (${formatAccuracy(accuracy)} right)`;
}

/** The one with most and the one with least. */
function extremes<T>(items: readonly T[], of: (item: T) => number): [T | undefined, T | undefined] {
  const sorted = items.toSorted((a, b) => of(b) - of(a));
  return [sorted[0], sorted.at(-1)];
}
