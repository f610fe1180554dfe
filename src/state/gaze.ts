/**
 * The figure of attention as rows to draw: a layer in the mean over its heads, or one layer head by head. A share is of all
 * that a head looks at, so what the virtual tokens do not have is the text's.
 */
import type { AttentionFigure, AttentionShares, LayerAttention } from '../worker';

/** Whose look it is: that of the prompt's last token, or of the answer's tokens in the mean. */
export type Looker = 'prompt' | 'answer';

export interface GazeRow {
  /** Of the layer or the head, from 0. */
  readonly index: number;
  /** Of each virtual token. */
  readonly shares: readonly number[];
  /** Of all of them together. */
  readonly total: number;
}

/** One layer, head by head; none where there is no answer to look at. */
export function gazeOfHeads(figure: AttentionFigure, layer: number, looker: Looker): GazeRow[] {
  const shares = figure.layers[layer] && sharesOf(figure.layers[layer], looker);
  return (shares?.virtual ?? []).map(toRow);
}

/** Every layer, in the mean over its heads. */
export function gazeOfLayers(figure: AttentionFigure, looker: Looker): GazeRow[] {
  return figure.layers.flatMap((layer, index) => {
    const heads = sharesOf(layer, looker)?.virtual ?? [];
    if (heads.length === 0) return [];
    const mean = Array.from({ length: figure.virtualTokens }, (_, at) => sum(heads.map((head) => head[at] ?? 0)));
    return [
      toRow(
        mean.map((share) => share / heads.length),
        index,
      ),
    ];
  });
}

/** What the strongest colour stands for. */
export const largestShare = (rows: readonly GazeRow[]): number => Math.max(0, ...rows.flatMap(({ shares }) => shares));

const sharesOf = ({ atPrompt, atAnswer }: LayerAttention, looker: Looker): AttentionShares | null =>
  looker === 'prompt' ? atPrompt : atAnswer;

const toRow = (shares: readonly number[], index: number): GazeRow => ({ index, shares, total: sum(shares) });

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
