/**
 * A run as a folder for machines with GPUs: the adapter so far, the rows as they train, every setting, and a script for
 * PEFT that goes on from there. Plain data in, a zip out; the constants of training come from where training has them.
 */
import { ADAM, END_TOKEN_SHARE, FINAL_LEARNING_RATE_FRACTION, SORT_WINDOW_BATCHES } from '../tuning';
import type { ExportedFile, TuneSettings } from '../worker/protocol';
import { readme } from './continueOnGpus/readme';
import requirements from './continueOnGpus/requirements.txt?raw';
import script from './continueOnGpus/train.py?raw';
import { zipFiles } from './export';

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

/** A zip with the folder of this name. The same run gives the same bytes. */
export function continueOnGpus(run: GpuRun, folder: string): Uint8Array<ArrayBuffer> {
  const text = (name: string, content: string): ExportedFile => ({ name, bytes: new TextEncoder().encode(content) });
  return zipFiles(folder, [
    text('README.md', readme(run)),
    text('requirements.txt', requirements),
    text('train.py', script),
    text('hyperparameters.json', `${JSON.stringify(hyperparametersOf(run), null, 2)}\n`),
    text('data/train.jsonl', jsonLines(run.train)),
    text('data/validation.jsonl', jsonLines(run.validation)),
    text('data/labels.json', `${JSON.stringify(Object.fromEntries(run.labels.map(entry)))}\n`),
    ...run.adapter.map(({ name, bytes }) => ({ name: `adapter/${name}`, bytes })),
  ]);
}

const entry = ({ label, tokenIds }: GpuLabel) => [label, tokenIds] as const;

const jsonLines = (rows: readonly GpuRow[]): string =>
  rows
    .map(({ tokenIds: token_ids, targetStart: target_start, ...row }) => ({ ...row, target_start, token_ids }))
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');

function hyperparametersOf({ hyperparameters: settings }: GpuRun) {
  const { method } = settings;
  // PEFT's numbers of a prompt are ours / scale, their gradient is ours · scale. With these, AdamW does the same to both.
  const scale = method.type === 'prompt' ? method.promptScale : 1;
  return {
    method: methodOf(method),
    steps: settings.steps,
    learning_rate: settings.learningRate / scale,
    warmup_steps: settings.warmupSteps,
    final_learning_rate_fraction: FINAL_LEARNING_RATE_FRACTION,
    batch_size: settings.batchSize,
    micro_batch_size: settings.microBatchSize,
    sort_window_batches: SORT_WINDOW_BATCHES,
    weight_decay: settings.weightDecay * scale,
    max_grad_norm: settings.maxGradNorm * scale,
    adam_betas: [ADAM.beta1, ADAM.beta2],
    adam_epsilon: ADAM.epsilon * scale,
    end_token_share: END_TOKEN_SHARE,
    eval_every: settings.evalEvery,
    seed: settings.seed,
  };
}

function methodOf(method: GpuMethod) {
  const { type } = method;
  switch (type) {
    case 'prefix':
      return { type, length: method.length, frozen_tokens: method.frozenTokens };
    case 'prompt':
      return { type, length: method.length };
    case 'lora':
      return method;
    default:
      return type satisfies never;
  }
}
