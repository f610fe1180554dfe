/**
 * How far a dataset is read: one bar over both stages, which never goes back. What the stages tell are their own counts.
 */
import type { DatasetProgress } from '../worker';

type StageProgress = Exclude<DatasetProgress, { readonly type: 'preview' }>;

export interface ReadingProgress {
  readonly stage: StageProgress;
  /** Of the whole, 0..1. */
  readonly share: number;
  /** Where the bar stood when the stage began. */
  readonly begin: number;
}

/** Of the bar; what is left is for the tokens. */
const READING_SHARE = 0.8;

export function nextProgress(before: ReadingProgress | null, stage: StageProgress): ReadingProgress {
  const share = before?.share ?? 0;
  const begin = before?.stage.type === stage.type ? before.begin : share;
  const end = stage.type === 'reading' ? Math.max(begin, READING_SHARE) : 1;
  return { stage, begin, share: Math.max(share, begin + (end - begin) * doneShare(stage)) };
}

/** Of the stage alone, 0..1. */
export function doneShare(stage: StageProgress): number {
  const [done, total] = stage.type === 'reading' ? [stage.bytes, stage.totalBytes] : [stage.rows, stage.totalRows];
  return total > 0 ? Math.min(1, done / total) : 0;
}
