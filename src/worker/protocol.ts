/**
 * The protocol between the page and the engine's worker: one interface, called through Comlink, and the plain data that
 * crosses it. Everything here can be structured-cloned. The page never touches ONNX Runtime or a tokenizer itself.
 */
import type { ErrorKind, ErrorLocation } from '../errors';
import type { LearnedEngine } from './learnedProtocol';
import type { RunsEngine, SweepEngine } from './runsProtocol';

export type DeviceChoice = 'auto' | 'webgpu' | 'wasm';

export type ModelSource =
  /** A folder of the page's own `models/`, e.g. `fable-7m`. */
  | { readonly type: 'bundled'; readonly name: string }
  /**
   * Files the person dropped: config.json, tokenizer.json, tokenizer_config.json, *.onnx, *.onnx_data. `onnxPath` chooses
   * among several graphs; absent: the best.
   */
  | {
      readonly type: 'files';
      readonly files: readonly File[];
      /** Where each file lay in the dropped folder, which a file forgets on its way to the worker; absent: by name alone. */
      readonly paths?: readonly string[];
      readonly onnxPath?: string;
    }
  /**
   * A repository of the Hugging Face hub; `revision` is a branch, tag or commit. `token` opens gated ones; it lives in
   * memory only and is never stored or logged.
   */
  | {
      readonly type: 'hub';
      readonly repo: string;
      readonly revision: string;
      readonly onnxPath?: string;
      readonly token?: string;
    }
  /** The address of an .onnx file; config.json, tokenizer.json … are looked for beside it and one folder above. */
  | { readonly type: 'url'; readonly url: string };

/** One ONNX graph that a source offers. */
export interface ModelVariant {
  readonly onnxPath: string;
  /** `q4`, `q4f16`, `q8`, `fp16`, `fp32` … */
  readonly dtype: string;
  /** Graph and external data together; null where the source does not say. */
  readonly bytes: number | null;
  /** Whether it fits this device: its memory, and the browser's limits. */
  readonly fit: 'fits' | 'tight' | 'too-large' | 'unknown';
  /** Why, in a sentence for a tooltip. */
  readonly fitReason: string;
}

export interface ModelListing {
  readonly name: string;
  /** The commit that `revision` stands for, where the source has one. */
  readonly commit: string | null;
  /** Best first; the first is what loads when nothing is chosen. */
  readonly variants: readonly ModelVariant[];
}

export interface CachedModel {
  readonly key: string;
  readonly name: string;
  readonly dtype: string;
  /** What lies in the cache. */
  readonly bytes: number;
  /** False: the rest is fetched when it is loaded again. */
  readonly complete: boolean;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
  /** How to load it again, without the token. */
  readonly source: ModelSource;
}

export interface ModelCacheSummary {
  /** Last used first. */
  readonly models: readonly CachedModel[];
  /** Where the bytes lie: the origin private file system, the Cache API, or memory (gone when the page closes). */
  readonly storage: 'opfs' | 'cache-api' | 'memory';
  readonly usedBytes: number;
  /** What the browser says it could hold; null where it does not. */
  readonly quotaBytes: number | null;
}

/** One honest bar: `loaded` never goes back, `total` is null until known. */
export type LoadProgress =
  | {
      readonly status: 'downloading';
      readonly file: string;
      readonly loaded: number;
      readonly total: number | null;
      /** Over the last seconds. */
      readonly bytesPerSecond: number;
      readonly secondsLeft: number | null;
      /** Set while a cut connection is being tried again. */
      readonly retry: { readonly attempt: number; readonly of: number; readonly reason: string } | null;
      /** From the cache of this browser: nothing is transferred. */
      readonly cached: boolean;
    }
  | { readonly status: 'compiling' }
  | { readonly status: 'testing-device' }
  | { readonly status: 'ready' };

export interface DeviceSummary {
  readonly kind: 'wasm' | 'webgpu';
  /** e.g. `wasm, 2 threads`. */
  readonly description: string;
  /** Why this device and not another, in a sentence; shown in a tooltip. */
  readonly reason: string;
  /** Worst relative error of the self-test against wasm; null on wasm, which is the reference. */
  readonly selfTestError: number | null;
}

export interface ModelSummary {
  readonly name: string;
  readonly family: string;
  readonly parameters: number;
  /** e.g. `q4`. */
  readonly dtype: string;
  readonly fileBytes: number;
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  /** Tokens of prefix + text that fit. */
  readonly contextLength: number;
  readonly hasChatTemplate: boolean;
  /** Where LoRA can be put. */
  readonly loraTargets: readonly LoraTargetSummary[];
  /** Why the model can write but not be tuned, e.g. an operator without a gradient rule; null where it can be. */
  readonly untrainable: SerialisedError | null;
  readonly device: DeviceSummary;
}

/** A projection as the model has it; several roles may share one, where a matrix is packed of them. */
export interface LoraTargetSummary {
  readonly role: LoraRole;
  /** Its name in the PyTorch model: `q_proj`. */
  readonly module: string;
  /** Of all layers together: rank · this many numbers are learned. */
  readonly numbersPerRank: number;
}

/** Which columns are the input and which is the target; `template` is the exact text, `{column}` stands for a cell. */
export interface ColumnMapping {
  readonly inputs: readonly string[];
  readonly target: string;
  /** e.g. `Review: {text}\nVerdict: {label}`; the loss is taken on the target's cell (and the end token) only. */
  readonly template: string;
  readonly task: 'classification' | 'generation';
}

export interface RowProblem {
  /** Line in the file, from 1. */
  readonly line: number;
  readonly column?: string;
  readonly reason: string;
}

export interface TokenPiece {
  readonly id: number;
  readonly text: string;
  /** True where the loss is taken. */
  readonly supervised: boolean;
}

export interface DatasetSummary {
  readonly name: string;
  readonly columns: readonly string[];
  readonly mapping: ColumnMapping;
  /** Distinct targets, most frequent first, when the task is classification. */
  readonly labels: readonly { readonly label: string; readonly count: number }[];
  readonly usableRows: number;
  readonly trainRows: number;
  readonly validationRows: number;
  readonly skipped: readonly RowProblem[];
  /** Rows that train with the beginning of their prompt cut off, to fit the model. */
  readonly shortened: readonly RowProblem[];
  /** Of the first rows, exactly what trains. */
  readonly preview: readonly { readonly line: number; readonly tokens: readonly TokenPiece[] }[];
  /** Up to eight held-out rows (training rows when nothing is held out): the text before the target, and the target with the space before it. */
  readonly examples: readonly { readonly line: number; readonly prompt: string; readonly target: string }[];
  readonly longestTokens: number;
  readonly meanTokens: number;
}

export interface DatasetOptions {
  /** Guessed from the data when absent. */
  readonly mapping?: Partial<ColumnMapping>;
  /** 0..0.5, default 0.1. */
  readonly validationFraction?: number;
  readonly seed?: number;
}

/** Where virtual tokens start from. */
export type VirtualInit =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'vocabulary' }
  | { readonly type: 'random' }
  | { readonly type: 'zero' };

/** Projections of a layer that LoRA can be put on. */
export type LoraRole = 'q' | 'k' | 'v' | 'o' | 'gate' | 'up' | 'down';

export type MethodName = 'prefix' | 'prompt' | 'lora';

export type MethodSettings =
  | {
      readonly type: 'prefix';
      /** Virtual tokens P. */
      readonly length: number;
      readonly init: VirtualInit;
      /** Hidden width of the reparametrising network; null trains the prefix itself. */
      readonly projection: number | null;
      /** First virtual tokens that stay as they start. */
      readonly frozenTokens: number;
    }
  | {
      readonly type: 'prompt';
      readonly length: number;
      readonly init: VirtualInit;
      /** Hidden width of P-tuning's encoder; null trains the embeddings themselves. */
      readonly encoder: number | null;
    }
  | {
      readonly type: 'lora';
      readonly rank: number;
      /** The update counts alpha / rank. */
      readonly alpha: number;
      /** Share of the inputs that a training step leaves out, 0 to below 1. */
      readonly dropout: number;
      readonly targets: readonly LoraRole[];
    };

export interface TuneSettings {
  readonly method: MethodSettings;
  readonly steps: number;
  readonly learningRate: number;
  /** Examples per optimiser step. */
  readonly batchSize: number;
  /** Examples computed at a time (gradients are accumulated); `auto`: as many as fit in the memory budget. */
  readonly microBatchSize: number | 'auto';
  /** For weights, trainables and graphs together, in units of 2²⁰ bytes; `auto`: half of what the machine has. */
  readonly memoryBudgetMiB: number | 'auto';
  readonly warmupSteps: number;
  readonly weightDecay: number;
  /** Global gradient norm above which gradients are scaled down. */
  readonly maxGradNorm: number;
  /** Steps between validation passes. */
  readonly evalEvery: number;
  readonly seed: number;
}

export interface TuneEstimate {
  readonly trainableParameters: number;
  /** Of all parameters, 0..1. */
  readonly fraction: number;
  readonly adapterBytes: number;
  /** Measured from a finished or running step; null before any step ran. */
  readonly seconds: number | null;
  /** From the graphs of the longest rows; null while there is no dataset, and where the run does not fit. */
  readonly memory: MemoryEstimate | null;
  /** Why the run does not fit in memory; null where it does, or nobody knows yet. */
  readonly memoryProblem: SerialisedError | null;
}

export interface MemoryEstimate {
  readonly memoryBytes: number;
  /** What `auto` chooses, where it was left to choose. */
  readonly microBatchSize: number;
  /** Whether layers are computed again in the backward part instead of kept (gradient checkpointing). */
  readonly recompute: boolean;
}

export type TuneEvent =
  /** It is kept under this id, and will be when the page is opened again. */
  | { readonly type: 'kept'; readonly runId: string }
  /** What has come of it is not kept; it goes on all the same. */
  | { readonly type: 'unkept'; readonly problem: SerialisedError }
  | { readonly type: 'preparing'; readonly what: string }
  /** The model alone on the held-out rows: what the run has to beat. Comes before the first step. */
  | { readonly type: 'baseline'; readonly loss: number; readonly accuracy: number | null }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly steps: number;
      /** Mean loss over supervised tokens of this batch (the end token counts at most a tenth of its row), nats. */
      readonly loss: number;
      readonly learningRate: number;
      readonly gradNorm: number;
      readonly tokensPerSecond: number;
      readonly secondsLeft: number;
      /** Bytes alive on the device (weights, trainables, graphs' inputs and outputs). */
      readonly deviceBytes: number;
    }
  | {
      readonly type: 'validation';
      readonly step: number;
      readonly loss: number;
      /** 0..1; null where the task has no labels. */
      readonly accuracy: number | null;
    }
  /** Memory ran out in this step; it is done again in smaller parts, as are all that follow. */
  | {
      readonly type: 'smaller';
      readonly step: number;
      readonly microBatchSize: number;
      readonly recompute: boolean;
    }
  | { readonly type: 'paused'; readonly step: number }
  | { readonly type: 'resumed'; readonly step: number }
  | {
      readonly type: 'done';
      readonly reason: 'finished' | 'stopped' | 'diverged' | 'out-of-memory';
      readonly adapter: AdapterSummary;
      readonly message: string;
    };

/** What an adapter is, in the numbers that a person chose or a file brought. */
export type AdapterShape =
  | { readonly method: 'prefix' | 'prompt' /** Virtual tokens. */; readonly length: number }
  | {
      readonly method: 'lora';
      readonly rank: number;
      readonly alpha: number;
      /** Linear layers that it updates. */
      readonly modules: number;
      /** Their names, each once: `q_proj`. */
      readonly targets: readonly string[];
    };

export interface AdapterSummary {
  readonly id: string;
  readonly name: string;
  /** The name of the model it is for. */
  readonly model: string;
  readonly shape: AdapterShape;
  readonly parameters: number;
  /** Of adapter_model.safetensors. */
  readonly bytes: number;
  readonly steps: number;
  /** Validation loss in nats: the model alone, and with this adapter; null when it was not measured. */
  readonly baseLoss: number | null;
  readonly loss: number | null;
  readonly baseAccuracy: number | null;
  readonly accuracy: number | null;
  /** `composed`: two prefixes, one behind the other. */
  readonly origin: 'tuned' | 'imported' | 'composed';
  /** The template it was tuned with, when known. */
  readonly template: string | null;
}

export interface AdapterListing {
  /** For the loaded model. */
  readonly usable: readonly AdapterSummary[];
  /** For models that were loaded before; they can be exported. */
  readonly others: readonly AdapterSummary[];
}

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
export interface Engine extends LearnedEngine, RunsEngine, SweepEngine {
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

  /** Parses, maps, tokenises and splits. The dataset stays the current one only if this succeeds. */
  setDataset(name: string, text: string, options: DatasetOptions): Promise<DatasetSummary>;

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

export interface SerialisedError {
  readonly kind: ErrorKind | 'unexpected';
  readonly message: string;
  readonly where: ErrorLocation;
  readonly hint: string | null;
}
