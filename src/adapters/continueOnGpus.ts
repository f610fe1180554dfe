/**
 * A run as a folder for machines with GPUs: the adapter so far, the rows as they train, every setting, and a script for
 * PEFT that goes on from there. Plain data in, a zip out; the constants of training come from where training has them.
 */
import { ADAM, END_TOKEN_SHARE, FINAL_LEARNING_RATE_FRACTION, SORT_WINDOW_BATCHES } from '../tuning';
import type { ExportedFile } from '../worker/protocol';
import { readme } from './continueOnGpus/readme';
import requirements from './continueOnGpus/requirements.txt?raw';
import type { GpuLabel, GpuMethod, GpuRow, GpuRun } from './continueOnGpus/run';
import script from './continueOnGpus/train.py?raw';
import { zipFiles } from './export';

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
