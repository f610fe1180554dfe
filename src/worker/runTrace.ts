/** Who looks on at a run: where it starts from and what it trains on, for comparison with other trainers. The page has none. */
import type { SupervisedSequence } from '../tuning';
import type { ExportedFile } from './protocol';

export interface RunTrace {
  /** The adapter before the first step, as PEFT's folder. */
  initial(files: readonly ExportedFile[]): void;
  /** The rows of each step, in the order in which they are computed. */
  batch(step: number, rows: readonly SupervisedSequence[]): void;
}
