/**
 * The part of the protocol about tuning: what a run is asked for, what it will take, what it tells, and
 * what comes of it. Plain data.
 */
import type { SerialisedError } from './errorsProtocol';

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
