/**
 * What each adapter is worth on the held-out rows: the model alone against the model with it. A run reports its own
 * numbers; a measurement by hand is newer, and of the present dataset.
 */
import type { AdapterSummary, DatasetSummary } from '../worker';

export interface Score {
  readonly loss: number;
  /** 0..1; null where the task has no labels. */
  readonly accuracy: number | null;
}

export interface ScoreRow {
  readonly adapter: AdapterSummary;
  readonly base: Score | null;
  readonly tuned: Score | null;
  /** Measured by hand on the present dataset; otherwise the run's own numbers, on its data. */
  readonly byHand: boolean;
}

export interface Measurements {
  /** Measured on the present dataset by hand. */
  readonly measured: Readonly<Record<string, Score>>;
  readonly measuredBase: Score | null;
}

export function scoreRows(adapters: readonly AdapterSummary[], { measured, measuredBase }: Measurements): ScoreRow[] {
  return adapters.map((adapter) => {
    const byHand = measured[adapter.id];
    if (byHand !== undefined) return { adapter, base: measuredBase, tuned: byHand, byHand: true };
    return {
      adapter,
      base: toScore(adapter.baseLoss, adapter.baseAccuracy),
      tuned: toScore(adapter.loss, adapter.accuracy),
      byHand: false,
    };
  });
}

/** On what a run's own numbers were measured, in words, where that is not the present dataset; otherwise null. */
export function measuredOn(
  { template }: Pick<AdapterSummary, 'template'>,
  runData: string | null,
  present: Pick<DatasetSummary, 'name' | 'mapping'> | null,
): string | null {
  if (runData === null || present === null) return null;
  if (runData !== present.name) return `measured on ${runData}`;
  return template === present.mapping.template ? null : 'measured with another template';
}

function toScore(loss: number | null, accuracy: number | null): Score | null {
  return loss === null ? null : { loss, accuracy };
}
