/**
 * A live run → the store, as it goes. What has come is written every few seconds and at the end, so that a crash loses
 * little and a fast run does not write all the time. Keeping never breaks a run: what cannot be written is told once.
 */
import { finite } from '../finite';
import type { TuneEvent } from '../protocol';
import type { KeptRun, Measurement, RunEnding } from '../runsProtocol';
import type { KeptDataset } from './datasetRecord';
import type { RunStore } from './runStore';

export const KEEP_EVERY_MS = 3000;

export interface RunKeeperOptions {
  readonly store: RunStore;
  readonly run: KeptRun;
  readonly dataset: KeptDataset;
  /** At most once. */
  readonly onProblem: (error: unknown) => void;
  /** Milliseconds; when it was is all that matters, not since when. */
  readonly now?: () => number;
}

export class RunKeeper {
  private run: KeptRun;
  private readonly steps: number[] = [];
  private readonly losses: (number | null)[] = [];
  private readonly validation: Measurement[] = [];
  private writing: Promise<void> | null = null;
  private writtenAt: number;
  private failed = false;
  private readonly now: () => number;

  private constructor(
    private readonly options: RunKeeperOptions,
    private readonly release: (() => void) | null,
  ) {
    this.run = options.run;
    this.now = options.now ?? (() => performance.now());
    this.writtenAt = this.now();
  }

  static async begin(options: RunKeeperOptions): Promise<RunKeeper> {
    const { store, run, dataset } = options;
    const keeper = new RunKeeper(options, await store.claim(run.id));
    keeper.write(() => store.begin(run, keeper.curve, dataset));
    await keeper.writing;
    return keeper;
  }

  get kept(): KeptRun {
    return this.run;
  }

  add(event: TuneEvent): void {
    switch (event.type) {
      case 'baseline':
        this.run = { ...this.run, baseline: measurement(0, event) };
        break;
      case 'step':
        this.run = { ...this.run, step: event.step };
        this.steps.push(event.step);
        this.losses.push(finite(event.loss));
        break;
      case 'validation': {
        const measured = measurement(event.step, event);
        this.run = { ...this.run, validation: measured };
        this.validation.push(measured);
        break;
      }
      default:
        return;
    }
    if (this.writing === null && this.now() - this.writtenAt >= KEEP_EVERY_MS) this.update();
  }

  /** The last write; afterwards the run is no longer under way. */
  async end(ending: RunEnding, message: string, adapter: KeptRun['adapter']): Promise<KeptRun> {
    this.run = { ...this.run, ending, message, adapter };
    await this.writing;
    this.update();
    await this.writing;
    this.release?.();
    return this.run;
  }

  private get curve() {
    return { train: { steps: this.steps, losses: this.losses }, validation: this.validation };
  }

  private update(): void {
    this.write(() => this.options.store.update(this.run, this.curve));
  }

  private write(work: () => Promise<void>): void {
    this.writtenAt = this.now();
    this.writing = work()
      .catch((error: unknown) => {
        if (!this.failed) this.options.onProblem(error);
        this.failed = true;
      })
      .finally(() => {
        this.writing = null;
      });
  }
}

const measurement = (step: number, { loss, accuracy }: { loss: number; accuracy: number | null }): Measurement => ({
  step,
  loss: finite(loss),
  accuracy: finite(accuracy),
});
