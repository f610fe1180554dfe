/**
 * Runs a sweep: one configuration after another, with the engine's own runs, and stops those that successive halving gives
 * up. What became of each is stored before the next begins, so that a sweep can be taken up where it was.
 */
import { DeviceError, PreludeError } from '../errors';
import { decide, nextRun, setRun, settingsOf, takenUp } from '../tuning';
import { serialiseError } from './errors';
import type { EndedRun, RunOrder } from './keptRun';
import type { PreparedDataset } from './preparedDataset';
import type { TuneEvent } from './protocol';
import type { KeptSweep, SweepEvent, SweepRun, SweepRunState } from './runsProtocol';
import type { RunStore, StoredSweep } from './store';
import { sweepAsKept } from './sweeps';

export interface SweeperOptions {
  readonly store: RunStore;
  readonly dataset: PreparedDataset;
  /** `stopped` is the person's word; the run under way begins again when the sweep is resumed. */
  readonly control: { stopped: boolean };
  /** One run; resolves when it has ended. */
  readonly run: (order: RunOrder) => Promise<EndedRun>;
  /** Ends the run under way after its step. */
  readonly stopRun: () => void;
  readonly onEvent: (event: SweepEvent) => void;
}

export class Sweeper {
  private saving: Promise<void> = Promise.resolve();

  constructor(
    private sweep: StoredSweep,
    private readonly options: SweeperOptions,
  ) {}

  /** The sweep is claimed by the caller. @throws what ends the sweep, not only one run of it; what is left can be resumed */
  async go(): Promise<KeptSweep> {
    const { control, onEvent } = this.options;
    try {
      await this.set(takenUp(this.sweep.state));
      for (let run = nextRun(this.sweep.state); run && !control.stopped; run = nextRun(this.sweep.state)) {
        await this.one(run);
      }
    } finally {
      this.sweep = { ...this.sweep, state: takenUp(this.sweep.state) };
      await this.save();
    }
    const kept = sweepAsKept(this.sweep, false);
    onEvent({ type: 'sweep', sweep: kept });
    return kept;
  }

  private async one({ id, point }: SweepRun): Promise<void> {
    const { dataset, control, run, onEvent } = this.options;
    await this.set(setRun(this.sweep.state, id, { status: 'running' }));
    if (control.stopped) return;
    let outrun = false;
    try {
      const settings = settingsOf(this.sweep.settings, point);
      onEvent({ type: 'begins', run: id, settings });
      const ended = await run({
        settings,
        dataset,
        sweepId: this.sweep.id,
        isOutrun: () => outrun,
        onEvent: (event) => {
          onEvent({ type: 'run', run: id, event });
          if (!outrun) outrun = this.judge(id, event);
        },
      });
      // Whoever stops the run, by whatever button, means the sweep.
      if (ended.done.reason === 'stopped' && !outrun) control.stopped = true;
      else await this.set(setRun(this.sweep.state, id, outcomeOf(ended)));
    } catch (error) {
      if (!concernsOneRun(error)) throw error;
      await this.set(setRun(this.sweep.state, id, { status: 'failed', message: serialiseError(error).message }));
    }
  }

  /** Whether the run is to end here. */
  private judge(id: SweepRun['id'], event: TuneEvent): boolean {
    if (event.type !== 'validation' || this.options.control.stopped) return false;
    const { state, verdict } = decide(this.sweep.state, id, event.step, event.loss);
    if (state !== this.sweep.state) void this.set(state);
    if (verdict === 'stop') this.options.stopRun();
    return verdict === 'stop';
  }

  private set(state: StoredSweep['state']): Promise<void> {
    this.sweep = { ...this.sweep, state };
    this.options.onEvent({ type: 'sweep', sweep: sweepAsKept(this.sweep, true) });
    return this.save();
  }

  /** One write after another; where there is no room, the sweep goes on, and the store tells of it. */
  private save(): Promise<void> {
    this.saving = this.saving.then(() => this.options.store.putSweep(this.sweep)).catch(() => {});
    return this.saving;
  }
}

/** Of a run that ended of itself, or was stopped since others were better. */
function outcomeOf({ kept, done }: EndedRun): SweepRunState {
  const loss = done.adapter.loss ?? kept.validation?.loss ?? null;
  const wentWell = done.reason === 'finished' || done.reason === 'stopped';
  if (!wentWell || loss === null) return { status: 'failed', message: done.message };
  const { steps, accuracy, parameters } = done.adapter;
  return {
    status: done.reason === 'stopped' ? 'stopped-early' : 'done',
    result: { runId: kept.id, step: steps, loss, accuracy, parameters },
  };
}

/** Settings that cannot work, and a run that does not fit; a lost device or a bug would end the next run, too. */
function concernsOneRun(error: unknown): boolean {
  if (error instanceof DeviceError) return error.outOfMemory;
  return error instanceof PreludeError;
}
