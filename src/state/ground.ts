/**
 * What a measurement was taken on: a model, a dataset, and how it is read. A measurement stays true of that ground when
 * another comes; it only has to say so.
 */
import type { ModelSummary } from '../worker';
import type { LoadedDataset } from './dataset';
import { DEFAULT_HELD_OUT } from './dataset';

export interface Ground {
  readonly model: string;
  readonly dataset: string;
  readonly sourceKey: string;
  /** Everything that decides which rows are held out and what their text is. */
  readonly readAs: string;
}

export function groundOf(
  { name, dtype }: Pick<ModelSummary, 'name' | 'dtype'>,
  { input, summary }: LoadedDataset,
): Ground {
  const { validationFraction = DEFAULT_HELD_OUT, seed = 0, maxTokens, maxRows, reading } = input.options;
  return {
    model: `${name}, ${dtype}`,
    dataset: summary.name,
    sourceKey: input.source.key,
    readAs: JSON.stringify([summary.mapping, validationFraction, seed, maxTokens, maxRows, reading]),
  };
}

/** Why a measurement says nothing of what stands on the page now; null where it does, or where nothing stands there. */
export function whyStale(then: Ground, now: Ground | null): string | null {
  if (now === null) return null;
  if (then.model !== now.model)
    return `Measured with ${then.model} on ${then.dataset}, before another model was loaded.`;
  if (then.sourceKey !== now.sourceKey) return `Measured on ${then.dataset}, before another dataset was chosen.`;
  return then.readAs === now.readAs
    ? null
    : `Measured on ${then.dataset} as it was before its columns, its template or its split were changed.`;
}
