/**
 * The engine behind the protocol: one model, one dataset, one run at a time, and the adapters that came of them. Runs in a
 * worker for the page and in Node for the command line; it knows neither. What it does is in the parts it is made of.
 */
import { DataError, ModelError } from '../errors';
import { fitOf, localLocks, type ModelLibrary } from '../models';
import { deviceLimits, isOutOfMemory } from '../runtime';
import { type MemoryPlan, RunControl } from '../tuning';
import { AdapterLibrary } from './adapterLibrary';
import { checkSettings } from './checkSettings';
import { DataDesk, prepareFor } from './dataDesk';
import { serialiseError } from './errors';
import { Evaluator } from './evaluator';
import { exportForGpus } from './gpuExport';
import { type EndedRun, type RunOrder, runKept } from './keptRun';
import { Learned } from './learned';
import { measuring } from './measuring';
import { ModelSeat } from './modelSeat';
import { type OpenModel, openModel } from './openModel';
import type {
  DeviceChoice,
  Engine,
  ExportedFile,
  LoadProgress,
  MemoryEstimate,
  ModelListing,
  ModelSource,
  ModelSummary,
  TuneEstimate,
  TuneEvent,
  TuneSettings,
} from './protocol';
import type { RunTrace } from './runTrace';
import { memoryTables, RunStore } from './store';
import { SweepDesk } from './sweepDesk';
import { planRun, runTuning, sizeOfRun } from './tuneRun';
import { Writer } from './writer';

export type { RunTrace };

type DoneEvent = Extract<TuneEvent, { type: 'done' }>;

const memoryOf = ({ memoryBytes, microBatchSize, recompute }: MemoryPlan): MemoryEstimate => ({
  memoryBytes,
  microBatchSize,
  recompute,
});

export interface EngineOptions {
  /** Finds models; pages fetch, the command line reads folders. */
  readonly models: ModelLibrary;
  /** For wasm; default: what the page may use. */
  readonly threads?: number;
  /** What survives a reload; default: memory, which does not. */
  readonly store?: Promise<RunStore>;
  /** Looks on at every run; the command line may have one. */
  readonly trace?: RunTrace;
}

export class PreludeEngine implements Engine {
  private run: RunControl | null = null;
  private secondsPerToken: number | null = null;
  /** Ends the listing that is under way. */
  private listing = new AbortController();
  private readonly store: Promise<RunStore>;
  private readonly seat = new ModelSeat({
    onLeaving: () => {
      this.data.leave();
      this.secondsPerToken = null;
      void this.desk.stopSweep();
      this.run?.stop();
      this.writer.stop();
      void this.evaluator.stopEvaluating();
      void this.learned.stopAblating();
    },
    beforeDisposal: () => this.library.release(),
  });
  private readonly data = new DataDesk(() => this.seat.ready());
  private readonly library: AdapterLibrary;
  private readonly desk: SweepDesk;
  private readonly learned: Learned;
  private readonly writer: Writer;
  private readonly evaluator: Evaluator;

  constructor(private readonly options: EngineOptions) {
    this.store = options.store ?? Promise.resolve(new RunStore(memoryTables(), localLocks()));
    this.library = new AdapterLibrary(this.seat, this.store);
    const whileUsed = <T>(work: Promise<T>) => this.seat.whileUsed(work);
    const whileRead = <T>(work: (model: OpenModel) => Promise<T>) => this.library.whileRead(work);
    const data = () => this.data.inUse();
    this.desk = new SweepDesk({
      store: this.store,
      model: () => this.seat.ready(),
      dataset: data,
      prepare: (model, kept) => prepareFor(model, kept),
      isBusy: () => this.run !== null,
      run: (model, order) => this.tuneOnce(model, order),
      stopRun: () => this.run?.stop(),
      whileUsed,
    });
    this.learned = new Learned({
      inUse: (id, model, rows) => this.library.inUse(id, model, rows),
      dataset: () => this.data.current,
      data,
      whileRead,
    });
    this.writer = new Writer({ usable: (id, model) => this.library.usable(id, model), whileRead });
    this.evaluator = new Evaluator({
      data,
      usable: (id, model, rows) => this.library.usable(id, model, rows),
      whileRead,
    });
  }

  async loadModel(
    source: ModelSource,
    device: DeviceChoice,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<ModelSummary> {
    if (this.run || this.desk.isUnderWay) {
      throw new ModelError('A run is under way.', {}, 'Stop it before changing the model.');
    }
    const { models, threads } = this.options;
    const { summary } = await this.seat.load(async (signal) => {
      const model = await openModel(await models.open(source, signal), device, onProgress, threads);
      await this.library.restore(model);
      return model;
    });
    return summary;
  }

  /** A listing before this one that is still under way ends: nobody waits for it any more. */
  async listModel(source: ModelSource, device: DeviceChoice): Promise<ModelListing> {
    this.listing.abort();
    this.listing = new AbortController();
    const [{ name, commit, graphs }, limits] = await Promise.all([
      this.options.models.list(source, this.listing.signal),
      deviceLimits(device),
    ]);
    return { name, commit, variants: graphs.map((graph) => ({ ...graph, ...fitOf(graph, limits) })) };
  }

  unloadModel: Engine['unloadModel'] = () => this.seat.unload();
  cachedModels: Engine['cachedModels'] = () => this.options.models.cached();
  deleteCachedModel: Engine['deleteCachedModel'] = (key) => this.options.models.remove(key);
  deleteCachedModels: Engine['deleteCachedModels'] = () => this.options.models.removeAll();

  setDataset: Engine['setDataset'] = (source, options, onProgress) => this.data.setDataset(source, options, onProgress);

  evaluateSubjects: Engine['evaluateSubjects'] = (request, onEvent) =>
    this.evaluator.evaluateSubjects(request, onEvent);
  applyToFile: Engine['applyToFile'] = (request, onEvent) => this.evaluator.applyToFile(request, onEvent);
  stopEvaluating: Engine['stopEvaluating'] = () => this.evaluator.stopEvaluating();

  async estimate(settings: TuneSettings): Promise<TuneEstimate> {
    const model = await this.seat.ready();
    const { trainable, kept, bytes } = sizeOfRun(model, settings.method);
    const mean = this.data.current?.summary.meanTokens ?? null;
    const { secondsPerToken } = this;
    return {
      trainableParameters: trainable,
      fraction: kept / model.loaded.parameters,
      adapterBytes: bytes,
      seconds:
        mean === null || secondsPerToken === null ? null : secondsPerToken * mean * settings.batchSize * settings.steps,
      ...this.memoryEstimate(model, settings),
    };
  }

  /** That a run does not fit is an answer, too: what it would learn and weigh is known all the same. */
  private memoryEstimate(model: OpenModel, settings: TuneSettings): Pick<TuneEstimate, 'memory' | 'memoryProblem'> {
    const dataset = this.data.current;
    if (!dataset || model.untrainable) return { memory: null, memoryProblem: null };
    try {
      return { memory: memoryOf(planRun(model, dataset, settings)), memoryProblem: null };
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      return { memory: null, memoryProblem: serialiseError(error) };
    }
  }

  async tune(settings: TuneSettings, onEvent: (event: TuneEvent) => void): Promise<DoneEvent> {
    const model = await this.seat.ready();
    const dataset = this.data.inUse();
    if (this.desk.isUnderWay) throw new DataError('A sweep is under way.', {}, 'Stop it first.');
    const order = { settings, dataset, sweepId: null, onEvent, isOutrun: () => false };
    return (await this.seat.whileUsed(this.tuneOnce(model, order))).done;
  }

  private async tuneOnce(model: OpenModel, order: RunOrder): Promise<EndedRun> {
    const { settings, dataset, onEvent } = order;
    if (model.untrainable) throw model.untrainable;
    if (this.run) throw new DataError('A run is already under way.', {}, 'Stop it first.');
    checkSettings(settings, model.config.contextLength, dataset.summary.longestTokens);
    // What does not fit is refused here, before anything of it is kept.
    const plan = planRun(model, dataset, settings);
    const control = new RunControl();
    this.run = control;
    try {
      const store = await this.store;
      const number = await store.nextNumber();
      const ended = await runKept(store, model, number, order, (report) =>
        runTuning({
          model,
          dataset,
          settings,
          plan,
          control,
          id: `adapter-${number}`,
          onEvent: report,
          onSpeed: (secondsPerToken) => {
            this.secondsPerToken = secondsPerToken;
          },
          trace: this.options.trace,
        }),
      );
      if (ended.adapter) this.library.add(ended.adapter);
      onEvent(ended.done);
      return ended;
    } finally {
      this.run = null;
    }
  }

  pause: Engine['pause'] = async () => this.run?.pause();
  resume: Engine['resume'] = async () => this.run?.resume();
  stop: Engine['stop'] = async () => (this.desk.isUnderWay ? this.desk.stopSweep() : this.run?.stop());

  async evaluate(adapterId: string | null): Promise<{ readonly loss: number; readonly accuracy: number | null }> {
    return this.library.whileRead(async (model) => {
      const dataset = this.data.inUse();
      if (model.original && model.untrainable) throw model.untrainable;
      return measuring(model, dataset)(await this.library.usable(adapterId, model, dataset));
    });
  }

  generate: Engine['generate'] = (request, onText) => this.writer.write(request, onText);
  stopGenerating: Engine['stopGenerating'] = async () => this.writer.stop();

  adapters: Engine['adapters'] = () => this.library.listing();
  renameAdapter: Engine['renameAdapter'] = (id, name) => this.library.rename(id, name);
  deleteAdapter: Engine['deleteAdapter'] = (id) => this.library.remove(id);
  compose: Engine['compose'] = (firstId, secondId) => this.library.compose(firstId, secondId);
  describeExport: Engine['describeExport'] = (id) => this.library.describe(id);
  exportAdapter: Engine['exportAdapter'] = (id, format) => this.library.export(id, format);
  importAdapter: Engine['importAdapter'] = (files) => this.library.import(files);

  attention: Engine['attention'] = (request) => this.learned.attention(request);
  ablate: Engine['ablate'] = (id, onEvent) => this.learned.ablate(id, onEvent);
  stopAblating: Engine['stopAblating'] = () => this.learned.stopAblating();
  norms: Engine['norms'] = (id) => this.learned.norms(id);
  neighbours: Engine['neighbours'] = (id) => this.learned.neighbours(id);

  runs: Engine['runs'] = async () => {
    const listing = await (await this.store).runs();
    return { ...listing, warnings: [...listing.warnings, ...this.library.warnings] };
  };
  runCurve: Engine['runCurve'] = async (id) => (await this.store).curve(id);
  renameRun: Engine['renameRun'] = async (id, name) => (await this.store).rename(id, name);
  deleteRuns: Engine['deleteRuns'] = async (ids) => this.library.forget(await (await this.store).removeRuns(ids));

  planSweep: Engine['planSweep'] = (settings) => this.desk.planSweep(settings);
  sweep: Engine['sweep'] = (settings, onEvent) => this.desk.sweep(settings, onEvent);
  resumeSweep: Engine['resumeSweep'] = (id, onEvent) => this.desk.resumeSweep(id, onEvent);
  stopSweep: Engine['stopSweep'] = () => this.desk.stopSweep();
  sweeps: Engine['sweeps'] = () => this.desk.sweeps();
  deleteSweep: Engine['deleteSweep'] = (id) => this.desk.deleteSweep(id);

  async exportForGpus(adapterId: string, settings: TuneSettings): Promise<ExportedFile> {
    const model = await this.seat.ready();
    const dataset = this.data.inUse();
    return exportForGpus(this.library.stored(adapterId, model), dataset, settings, model.config.contextLength);
  }
}
