/** What goes to GPUs, as plain data. */
import type { ExportedFile, TuneSettings } from '../../worker/protocol';

/** A row as it trains: the text, and the tokens that it became. */
export interface GpuRow {
  /** Of the dataset's file, from 1. */
  readonly line: number;
  /** All text before the target. Where it was too long for the model, the tokens lack its beginning. */
  readonly prompt: string;
  readonly target: string;
  readonly label: string | null;
  /** Prompt, target, end token. */
  readonly tokenIds: readonly number[];
  readonly targetStart: number;
}

export interface GpuLabel {
  readonly label: string;
  /** As a target, the end token included. */
  readonly tokenIds: readonly number[];
}

/** What the adapter is, and of its settings those that its files do not hold. */
export type GpuMethod =
  | { readonly type: 'prefix'; readonly length: number; readonly frozenTokens: number }
  | { readonly type: 'prompt'; readonly length: number /** As in `ModelGeometry`. */; readonly promptScale: number }
  | { readonly type: 'lora'; readonly rank: number; readonly alpha: number; readonly dropout: number };

export interface GpuRun {
  readonly name: string;
  readonly baseModel: string;
  /** PEFT's folder. */
  readonly adapter: readonly ExportedFile[];
  readonly train: readonly GpuRow[];
  readonly validation: readonly GpuRow[];
  /** Empty for generation. */
  readonly labels: readonly GpuLabel[];
  readonly hyperparameters: Omit<TuneSettings, 'method' | 'memoryBudgetMiB'> & { readonly method: GpuMethod };
}
