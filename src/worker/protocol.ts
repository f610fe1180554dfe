/**
 * The protocol between the page and the engine's worker: one interface, called through Comlink, and the plain data that
 * crosses it. Everything here can be structured-cloned. The page never touches ONNX Runtime or a tokenizer itself.
 */
import type { DataEngine } from './dataProtocol';
import type { EvaluationEngine } from './evaluationProtocol';
import type { LearnedEngine } from './learnedProtocol';
import type {
  DeviceChoice,
  LoadProgress,
  ModelCacheSummary,
  ModelListing,
  ModelSource,
  ModelSummary,
} from './modelsProtocol';
import type { RunsEngine, SweepEngine } from './runsProtocol';
import type { AdapterListing, AdapterSummary, TuneEstimate, TuneEvent, TuneSettings } from './tuningProtocol';

export type * from './dataProtocol';
export type * from './errorsProtocol';
export type * from './evaluationProtocol';
export type * from './modelsProtocol';
export type * from './tuningProtocol';

export interface SamplingSettings {
  /** 0 is greedy. */
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
  readonly seed: number;
}

export interface GenerateRequest {
  readonly prompt: string;
  /** `text` goes in as it stands; `chat` is wrapped in the model's chat template as a user turn. */
  readonly format: 'text' | 'chat';
  /** null: the model alone. */
  readonly adapterId: string | null;
  readonly sampling: SamplingSettings;
}

export interface GenerateResult {
  readonly text: string;
  readonly tokens: number;
  /** After the first token, where there are several. */
  readonly tokensPerSecond: number;
  readonly reason: 'end' | 'length' | 'stopped';
}

export interface ExportedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface AdapterFileSummary {
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly tensors: readonly { readonly name: string; readonly dataType: string; readonly dims: readonly number[] }[];
}

/** Callbacks cross the worker border as `Comlink.proxy`. Errors cross as `SerialisedError` (see `errors.ts` of this folder). */
export interface Engine extends DataEngine, EvaluationEngine, LearnedEngine, RunsEngine, SweepEngine {
  loadModel(
    source: ModelSource,
    device: DeviceChoice,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<ModelSummary>;
  unloadModel(): Promise<void>;
  /** What a source offers, without loading it. */
  listModel(source: ModelSource, device: DeviceChoice): Promise<ModelListing>;
  cachedModels(): Promise<ModelCacheSummary>;
  deleteCachedModel(key: string): Promise<void>;
  /** All of them. */
  deleteCachedModels(): Promise<void>;

  estimate(settings: TuneSettings): Promise<TuneEstimate>;
  /** Resolves when the run ends, with the last event. */
  tune(settings: TuneSettings, onEvent: (event: TuneEvent) => void): Promise<Extract<TuneEvent, { type: 'done' }>>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the run after the step under way and keeps what it learned. */
  stop(): Promise<void>;

  /** All that were tuned or imported, oldest first. */
  adapters(): Promise<AdapterListing>;
  renameAdapter(adapterId: string, name: string): Promise<void>;
  deleteAdapter(adapterId: string): Promise<void>;
  /** A new prefix: those of two adapters with virtual tokens, the first in front of the second. */
  compose(firstId: string, secondId: string): Promise<AdapterSummary>;
  /** Validation loss and accuracy on the current dataset; `null` is the model alone. */
  evaluate(adapterId: string | null): Promise<{ readonly loss: number; readonly accuracy: number | null }>;

  /** Streams pieces of text; `stopGenerating` ends it early. */
  generate(request: GenerateRequest, onText: (piece: string) => void): Promise<GenerateResult>;
  stopGenerating(): Promise<void>;

  describeExport(adapterId: string): Promise<AdapterFileSummary>;
  exportAdapter(adapterId: string, format: 'zip' | 'safetensors'): Promise<ExportedFile>;
  /** A zip to go on with on GPUs: the adapter, the current dataset as it trains, these settings, and a script for PEFT. */
  exportForGpus(adapterId: string, settings: TuneSettings): Promise<ExportedFile>;
  /** A zip, or adapter_config.json and adapter_model.safetensors, or the bare safetensors. */
  importAdapter(files: readonly File[]): Promise<AdapterSummary>;
}
