/** The part of the protocol about models: where they come from, what is offered, and what is loaded. Plain data. */
import type { SerialisedError } from './errorsProtocol';
import type { LoraRole } from './tuningProtocol';

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
