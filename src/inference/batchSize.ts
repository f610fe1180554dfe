/** How many rows are worked on at a time: fewer from then on where memory runs out. */
import { isOutOfMemory, type LoadedDecoder } from '../runtime';
import { SCORING_BATCH } from '../tuning';

export class BatchSize {
  constructor(
    private readonly loaded: LoadedDecoder,
    private rows: number = SCORING_BATCH,
  ) {}

  /** Does the work, again with half as many rows at a time where memory ran out. */
  async within<T>(work: (rows: number) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work(this.rows);
      } catch (error) {
        if (!isOutOfMemory(error) || this.rows === 1) throw error;
        this.rows = Math.ceil(this.rows / 2);
        await this.loaded.programs.release();
      }
    }
  }
}
