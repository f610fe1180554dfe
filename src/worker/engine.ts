/**
 * The engine behind the protocol: one model, one dataset, one run at a time, and the adapters that came of them. Runs in a
 * worker for the page and in Node for the command line; it knows neither.
 */
import { describeFiles } from '../adapters';
import { TextStream } from '../data';
import { AdapterError, DataError, ModelError } from '../errors';
import { cachedReader, type DeviceAdapter, generate, originalReader, slotsOf } from '../inference';
import { fitOf, type ModelLibrary } from '../models';
import { deviceLimits, isOutOfMemory } from '../runtime';
import { type MemoryPlan, Random, RunControl } from '../tuning';
import { exportStored, filesOf, importStored } from './adapterFiles';
import { checkSettings } from './checkSettings';
import { composed } from './compose';
import { serialiseError } from './errors';
import { exportForGpus } from './gpuExport';
import { type OpenModel, openModel } from './openModel';
import { type PreparedDataset, prepareDataset } from './preparedDataset';
import type {
  AdapterFileSummary,
  AdapterListing,
  AdapterSummary,
  DatasetOptions,
  DatasetSummary,
  DeviceChoice,
  Engine,
  ExportedFile,
  GenerateRequest,
  GenerateResult,
  LoadProgress,
  MemoryEstimate,
  ModelCacheSummary,
  ModelListing,
  ModelSource,
  ModelSummary,
  TuneEstimate,
  TuneEvent,
  TuneSettings,
} from './protocol';
import type { RunTrace } from './runTrace';
import { AdapterShelf, ownerOf, type StoredAdapter } from './storedAdapter';
import { measuring, planRun, runTuning, sizeOfRun } from './tuneRun';

export type { RunTrace };

type DoneEvent = Extract<TuneEvent, { type: 'done' }>;

/** Room that examples leave for virtual tokens, as many as the page offers. */
const ROOM_FOR_PREFIX = 64;

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
  /** Looks on at every run; the command line may have one. */
  readonly trace?: RunTrace;
}

export class PreludeEngine implements Engine {
  private model: Promise<OpenModel> | null = null;
  private left: Promise<void> = Promise.resolve();
  /** Ends the transfer of the model that is loading. */
  private transfer = new AbortController();
  /** Ends the listing that is under way. */
  private listing = new AbortController();
  private dataset: PreparedDataset | null = null;
  private run: RunControl | null = null;
  private generation: { stopped: boolean } | null = null;
  /** What uses the model right now; all of it ends before the model goes. */
  private readonly working = new Set<Promise<unknown>>();
  private secondsPerToken: number | null = null;
  private readonly shelf = new AdapterShelf();

  constructor(private readonly options: EngineOptions) {}

  async loadModel(
    source: ModelSource,
    device: DeviceChoice,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<ModelSummary> {
    if (this.run) throw new ModelError('A run is under way.', {}, 'Stop it before changing the model.');
    const { models, threads } = this.options;
    const leaving = this.leave(this.model);
    const { signal } = this.transfer;
    const open = async () => openModel(await models.open(source, signal), device, onProgress, threads);
    // Set at once, so that a dataset dropped meanwhile waits for the new model.
    const opening = leaving.then(open);
    this.model = opening;
    try {
      return (await opening).summary;
    } catch (error) {
      if (this.model === opening) this.model = null;
      throw error;
    }
  }

  unloadModel(): Promise<void> {
    const before = this.model;
    this.model = null;
    return this.leave(before);
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

  cachedModels(): Promise<ModelCacheSummary> {
    return this.options.models.cached();
  }

  deleteCachedModel(key: string): Promise<void> {
    return this.options.models.remove(key);
  }

  deleteCachedModels(): Promise<void> {
    return this.options.models.removeAll();
  }

  /** Ends what uses the model, and lets go of it; resolves when nothing of any model before is left. */
  private leave(before: Promise<OpenModel> | null): Promise<void> {
    const going = this.letGo(before);
    this.left = Promise.allSettled([this.left, going]).then(() => going);
    return this.left;
  }

  private async letGo(before: Promise<OpenModel> | null): Promise<void> {
    this.transfer.abort();
    this.transfer = new AbortController();
    this.dataset = null;
    this.secondsPerToken = null;
    this.run?.stop();
    if (this.generation) this.generation.stopped = true;
    const working = [...this.working];
    const open = await before?.catch(() => null);
    if (!open) return;
    await Promise.allSettled(working);
    await this.shelf.release(open.loaded);
    await open.dispose();
  }

  /** Waits for a model that is still loading, so that a dataset may be dropped at once. */
  private async ready(): Promise<OpenModel> {
    const opening = this.model;
    const model = await opening;
    if (!model) throw new ModelError('No model is loaded.', {}, 'Choose a model first.');
    if (this.model !== opening) {
      throw new ModelError('The model was exchanged meanwhile.', {}, 'Try again with the one that is loaded now.');
    }
    return model;
  }

  private whileUsed<T>(work: Promise<T>): Promise<T> {
    this.working.add(work);
    return work.finally(() => this.working.delete(work));
  }

  private data(): PreparedDataset {
    if (!this.dataset) throw new DataError('There is no dataset.', {}, 'Drop a dataset, or take a sample.');
    return this.dataset;
  }

  /** @param user the loaded model, where it is to use the adapter */
  private stored(id: string, user?: OpenModel): StoredAdapter {
    const stored = this.shelf.get(id);
    if (!stored) throw new AdapterError('This adapter no longer exists.', {}, 'Tune or import one.');
    const { key, name } = stored.owner;
    if (!user || key === ownerOf(user).key) return stored;
    throw new AdapterError(`This adapter is for ${name}.`, {}, `Load ${name} to use it.`);
  }

  /** An adapter on the device of the loaded model, which must be able to use it; null is the model alone. */
  private async usable(id: string | null, model: OpenModel): Promise<DeviceAdapter | null> {
    if (id === null) return null;
    this.stored(id, model);
    if (model.original && model.untrainable) throw model.untrainable;
    return this.shelf.device(id, model);
  }

  async setDataset(name: string, text: string, options: DatasetOptions): Promise<DatasetSummary> {
    const { tokenizer, config } = await this.ready();
    const maxTokens = Math.max(config.contextLength / 2, config.contextLength - ROOM_FOR_PREFIX);
    const prepared = prepareDataset(name, text, options, tokenizer, Math.floor(maxTokens));
    this.dataset = prepared;
    return prepared.summary;
  }

  async estimate(settings: TuneSettings): Promise<TuneEstimate> {
    const model = await this.ready();
    const { parameters } = model.loaded;
    const { trainable, kept, bytes } = sizeOfRun(model, settings.method);
    const mean = this.dataset?.summary.meanTokens ?? null;
    return {
      trainableParameters: trainable,
      fraction: kept / parameters,
      adapterBytes: bytes,
      seconds:
        mean === null || this.secondsPerToken === null
          ? null
          : this.secondsPerToken * mean * settings.batchSize * settings.steps,
      ...this.memoryEstimate(model, settings),
    };
  }

  /** That a run does not fit is an answer, too: what it would learn and weigh is known all the same. */
  private memoryEstimate(model: OpenModel, settings: TuneSettings): Pick<TuneEstimate, 'memory' | 'memoryProblem'> {
    if (!this.dataset || model.untrainable) return { memory: null, memoryProblem: null };
    try {
      return { memory: memoryOf(planRun(model, this.dataset, settings)), memoryProblem: null };
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      return { memory: null, memoryProblem: serialiseError(error) };
    }
  }

  tune(settings: TuneSettings, onEvent: (event: TuneEvent) => void): Promise<DoneEvent> {
    return this.whileUsed(this.tuneOnce(settings, onEvent));
  }

  private async tuneOnce(settings: TuneSettings, onEvent: (event: TuneEvent) => void): Promise<DoneEvent> {
    const model = await this.ready();
    const dataset = this.data();
    if (model.untrainable) throw model.untrainable;
    if (this.run) throw new DataError('A run is already under way.', {}, 'Stop it first.');
    checkSettings(settings, model.config.contextLength, dataset.summary.longestTokens);
    const control = new RunControl();
    this.run = control;
    try {
      const stored = await runTuning({
        model,
        dataset,
        settings,
        control,
        id: this.shelf.newId(),
        onEvent,
        onSpeed: (secondsPerToken) => {
          this.secondsPerToken = secondsPerToken;
        },
        trace: this.options.trace,
      });
      this.shelf.add(stored.adapter);
      const done = { type: 'done', ...stored.outcome, adapter: stored.adapter.summary } as const;
      onEvent(done);
      return done;
    } finally {
      this.run = null;
    }
  }

  async pause(): Promise<void> {
    this.run?.pause();
  }

  async resume(): Promise<void> {
    this.run?.resume();
  }

  async stop(): Promise<void> {
    this.run?.stop();
  }

  async adapters(): Promise<AdapterListing> {
    const model = await this.model?.catch(() => null);
    return this.shelf.listing(model ? ownerOf(model) : null);
  }

  async renameAdapter(adapterId: string, name: string): Promise<void> {
    this.stored(adapterId);
    this.shelf.rename(adapterId, name);
  }

  async deleteAdapter(adapterId: string): Promise<void> {
    const model = await this.model?.catch(() => null);
    await this.shelf.remove(adapterId, model?.loaded ?? null);
  }

  async compose(firstId: string, secondId: string): Promise<AdapterSummary> {
    const model = await this.ready();
    const [first, second] = [this.stored(firstId, model), this.stored(secondId, model)];
    const made = composed(first, second, this.shelf.newId());
    this.shelf.add(made);
    return made.summary;
  }

  async evaluate(adapterId: string | null): Promise<{ readonly loss: number; readonly accuracy: number | null }> {
    const model = await this.ready();
    const dataset = this.data();
    if (model.original && model.untrainable) throw model.untrainable;
    const adapter = await this.usable(adapterId, model);
    return this.whileUsed(measuring(model, dataset)(adapter));
  }

  async generate(request: GenerateRequest, onText: (piece: string) => void): Promise<GenerateResult> {
    const model = await this.ready();
    const { loaded, kernels, tokenizer, config, original } = model;
    const { prompt, format, adapterId, sampling } = request;
    const adapter = await this.usable(adapterId, model);
    const promptIds = tokenizer.encode(format === 'chat' ? tokenizer.chatPrompt(prompt) : prompt);
    const stream = new TextStream(tokenizer, promptIds);
    let text = '';
    const emit = (piece: string) => {
      text += piece;
      if (piece !== '') onText(piece);
    };
    const generation = { stopped: false };
    this.generation = generation;
    const start = performance.now();
    let first: number | null = null;
    const open = (capacity: number) =>
      original ? originalReader(original) : cachedReader(loaded, kernels, adapter, capacity);
    const writing = generate(open, {
      promptIds,
      prefixLength: slotsOf(adapter),
      sampling,
      maxTokens: sampling.maxTokens,
      contextLength: config.contextLength,
      endTokenIds: tokenizer.endTokenIds,
      random: new Random(sampling.seed),
      onToken: (id) => {
        first ??= performance.now();
        emit(stream.push(id));
      },
      isStopped: () => generation.stopped,
    });
    const { tokenIds, reason } = await this.whileUsed(writing);
    emit(stream.end());
    // The pace of writing: reading the prompt, and opening the graphs for it, end with the first token.
    const steps = tokenIds.length - 1 + (reason === 'end' ? 1 : 0);
    const [count, since] = first === null || steps < 1 ? [tokenIds.length, start] : [steps, first];
    const seconds = (performance.now() - since) / 1000;
    return { text, tokens: tokenIds.length, tokensPerSecond: count / seconds, reason };
  }

  async stopGenerating(): Promise<void> {
    if (this.generation) this.generation.stopped = true;
  }

  async describeExport(adapterId: string): Promise<AdapterFileSummary> {
    return describeFiles(filesOf(this.stored(adapterId)));
  }

  async exportAdapter(adapterId: string, format: 'zip' | 'safetensors'): Promise<ExportedFile> {
    return exportStored(this.stored(adapterId), format);
  }

  async exportForGpus(adapterId: string, settings: TuneSettings): Promise<ExportedFile> {
    const model = await this.ready();
    const dataset = this.data();
    checkSettings(settings, model.config.contextLength, dataset.summary.longestTokens);
    return exportForGpus(this.stored(adapterId, model), dataset, settings);
  }

  async importAdapter(files: readonly File[]): Promise<AdapterSummary> {
    const imported = await importStored(files, ownerOf(await this.ready()), this.shelf.newId());
    this.shelf.add(imported);
    return imported.summary;
  }
}
