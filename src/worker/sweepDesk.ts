/**
 * Sweeps as the engine offers them: begin, resume, stop, list, delete. What a run is, the engine knows; it comes in as
 * functions.
 */
import { DataError } from '../errors';
import { pointsOf } from '../tuning';
import type { EndedRun, RunOrder } from './keptRun';
import type { OpenModel } from './openModel';
import type { PreparedDataset } from './preparedDataset';
import type { KeptSweep, SweepEngine, SweepEvent, SweepListing, SweepPoint, SweepSettings } from './runsProtocol';
import type { KeptDataset, RunStore, StoredSweep } from './store';
import { Sweeper } from './sweeper';
import { keptSweep, listSweeps, newSweep, whileClaimed } from './sweeps';

export interface SweepDeskOptions {
  readonly store: Promise<RunStore>;
  /** The loaded model. @throws ModelError where there is none */
  readonly model: () => Promise<OpenModel>;
  /** The present dataset. @throws DataError where there is none */
  readonly dataset: () => PreparedDataset;
  readonly prepare: (model: OpenModel, dataset: KeptDataset) => Promise<PreparedDataset>;
  /** Whether a run is under way. */
  readonly isBusy: () => boolean;
  readonly run: (model: OpenModel, order: RunOrder) => Promise<EndedRun>;
  readonly stopRun: () => void;
  /** Keeps the model until the work has ended. */
  readonly whileUsed: <T>(work: Promise<T>) => Promise<T>;
}

type Go = (sweep: StoredSweep, dataset: PreparedDataset) => Promise<KeptSweep>;

export class SweepDesk implements SweepEngine {
  private control: { stopped: boolean } | null = null;

  constructor(private readonly options: SweepDeskOptions) {}

  get isUnderWay(): boolean {
    return this.control !== null;
  }

  async planSweep({ space, strategy }: SweepSettings): Promise<readonly SweepPoint[]> {
    return pointsOf(space, strategy);
  }

  async sweep(settings: SweepSettings, onEvent: (event: SweepEvent) => void): Promise<KeptSweep> {
    const store = await this.options.store;
    const model = await this.options.model();
    const dataset = this.options.dataset();
    return this.carryOut(store, model, onEvent, async (go) => {
      const sweep = await newSweep(store, model, dataset, settings);
      return whileClaimed(store, sweep.id, async () => {
        // Where there is no room it goes on all the same, and the store tells of it.
        await store.putSweep(sweep, dataset.source).catch(() => {});
        return go(sweep, dataset);
      });
    });
  }

  async resumeSweep(id: string, onEvent: (event: SweepEvent) => void): Promise<KeptSweep> {
    const store = await this.options.store;
    const model = await this.options.model();
    // Claimed before it is read: what another tab is still writing would be taken up as it was.
    return this.carryOut(store, model, onEvent, (go) =>
      whileClaimed(store, id, async () => {
        const { sweep, source } = await keptSweep(store, id, model);
        return go(sweep, await this.options.prepare(model, source));
      }),
    );
  }

  async stopSweep(): Promise<void> {
    if (!this.control) return;
    this.control.stopped = true;
    this.options.stopRun();
  }

  async sweeps(): Promise<SweepListing> {
    return listSweeps(await this.options.store);
  }

  async deleteSweep(id: string): Promise<void> {
    await (await this.options.store).removeSweep(id);
  }

  private async carryOut(
    store: RunStore,
    model: OpenModel,
    onEvent: (event: SweepEvent) => void,
    work: (go: Go) => Promise<KeptSweep>,
  ): Promise<KeptSweep> {
    const { isBusy, run, stopRun, whileUsed } = this.options;
    if (model.untrainable) throw model.untrainable;
    if (isBusy() || this.control) throw new DataError('A run is already under way.', {}, 'Stop it first.');
    const control = { stopped: false };
    this.control = control;
    const go: Go = (sweep, dataset) =>
      new Sweeper(sweep, { store, dataset, control, run: (order) => run(model, order), stopRun, onEvent }).go();
    try {
      return await whileUsed(work(go));
    } finally {
      this.control = null;
    }
  }
}
