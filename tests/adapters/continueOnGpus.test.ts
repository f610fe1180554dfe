/** The zip for GPUs: what lies in it, to the letter. That train.py trains as Prelude does, tools/peft-parity shows. */
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { continueOnGpus, type GpuMethod, type GpuRow } from '../../src/adapters';
import { learningRateAt, weightOf } from '../../src/tuning';

const row = (line: number, label: string | null, target: number): GpuRow => ({
  line,
  prompt: `Text: “row ${line}”\nLabel:`,
  target: ` ${label ?? 'free'}`,
  label,
  tokenIds: [5, line, target, 0],
  targetStart: 2,
});
const bytes = new Uint8Array([1, 2, 3]);

const runWith = (method: GpuMethod) => ({
  name: 'Reviews',
  baseModel: 'owner/a model',
  adapter: [{ name: 'adapter_config.json', bytes }],
  train: [row(1, 'good', 7), row(3, 'bad', 8)],
  validation: [row(2, 'good', 7)],
  labels: [
    { label: 'good', tokenIds: [7, 0] },
    { label: 'bad', tokenIds: [8, 0] },
  ],
  hyperparameters: {
    method,
    steps: 40,
    learningRate: 0.05,
    batchSize: 16,
    microBatchSize: 'auto',
    warmupSteps: 2,
    weightDecay: 0.01,
    maxGradNorm: 1,
    evalEvery: 8,
    seed: 3,
  } as const,
});
const prefix = { type: 'prefix', length: 16, frozenTokens: 2 } as const;
const lora = { type: 'lora', rank: 8, alpha: 16, dropout: 0.1 } as const;

const unpacked = (method: GpuMethod = prefix): Record<string, string> => {
  const entries = Object.entries(unzipSync(continueOnGpus(runWith(method), 'reviews-gpus')));
  return Object.fromEntries(entries.map(([name, content]) => [name, new TextDecoder().decode(content)]));
};
const hyperparameters = (method: GpuMethod): Record<string, unknown> =>
  JSON.parse(unpacked(method)['reviews-gpus/hyperparameters.json'] ?? '');

describe('a run that goes on on GPUs', () => {
  it('is one folder with the adapter, the rows, the settings and a script', () => {
    expect(Object.keys(unpacked())).toEqual(
      [
        'README.md',
        'requirements.txt',
        'train.py',
        'hyperparameters.json',
        'data/train.jsonl',
        'data/validation.jsonl',
        'data/labels.json',
        'adapter/adapter_config.json',
      ].map((name) => `reviews-gpus/${name}`),
    );
    expect(unpacked()['reviews-gpus/adapter/adapter_config.json']).toBe('\u0001\u0002\u0003');
  });

  it('has the same bytes each time', () => {
    const [first, second] = [0, 1].map(() => continueOnGpus(runWith(prefix), 'reviews-gpus'));
    expect(first).toEqual(second);
  });

  it('has every row as it trains: text, tokens, and where the target starts', () => {
    const files = unpacked();
    const lines = (name: string) =>
      (files[`reviews-gpus/data/${name}`] ?? '')
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line));
    expect(lines('train.jsonl')).toEqual([
      {
        line: 1,
        prompt: 'Text: “row 1”\nLabel:',
        target: ' good',
        label: 'good',
        target_start: 2,
        token_ids: [5, 1, 7, 0],
      },
      {
        line: 3,
        prompt: 'Text: “row 3”\nLabel:',
        target: ' bad',
        label: 'bad',
        target_start: 2,
        token_ids: [5, 3, 8, 0],
      },
    ]);
    expect(lines('validation.jsonl')).toMatchObject([{ line: 2, token_ids: [5, 2, 7, 0] }]);
    expect(JSON.parse(files['reviews-gpus/data/labels.json'] ?? '')).toEqual({ good: [7, 0], bad: [8, 0] });
  });

  it('has every setting', () => {
    expect(hyperparameters(prefix)).toEqual({
      method: { type: 'prefix', length: 16, frozen_tokens: 2 },
      steps: 40,
      learning_rate: 0.05,
      warmup_steps: 2,
      final_learning_rate_fraction: 0.1,
      batch_size: 16,
      micro_batch_size: 'auto',
      sort_window_batches: 16,
      weight_decay: 0.01,
      max_grad_norm: 1,
      adam_betas: [0.9, 0.999],
      adam_epsilon: 1e-8,
      end_token_share: 0.1,
      eval_every: 8,
      seed: 3,
    });
    expect(hyperparameters(lora).method).toEqual(lora);
  });

  it('lets AdamW do to a prompt what it does here, where PyTorch multiplies embeddings and PEFT holds them divided', () => {
    const [learningRate, decay, maxNorm, epsilon] = [0.05 / 8, 0.01 * 8, 8, 8e-8];
    expect(hyperparameters({ type: 'prompt', length: 4, promptScale: 8 })).toMatchObject({
      method: { type: 'prompt', length: 4 },
      learning_rate: learningRate,
      weight_decay: decay,
      max_grad_norm: maxNorm,
      adam_epsilon: epsilon,
    });
  });

  it('has for its constants those that training here goes by', () => {
    const { end_token_share: share, final_learning_rate_fraction: final } = hyperparameters(lora);
    expect(weightOf({ tokenIds: [5, 7, 0], targetStart: 1 })).toBe(1 + Number(share));
    expect(learningRateAt(40, { learningRate: 1, warmupSteps: 2, steps: 40 })).toBeCloseTo(Number(final), 12);
  });

  it('tells in its README how it is started, with the name of the model as one word', () => {
    const readme = unpacked()['reviews-gpus/README.md'];
    expect(readme).toContain("accelerate launch train.py --base-model 'owner/a model'");
    expect(readme).toContain('2 rows train and 1 are held out');
  });
});
