/** Records as the store keeps them, with made-up numbers. */

import { parseDataset } from '../../src/data';
import { DEFAULTS, toTuneSettings } from '../../src/state/settings';
import type { KeptRun, RunCurve } from '../../src/worker/runsProtocol';
import type { KeptDataset } from '../../src/worker/store';
import type { KeptAdapter } from '../../src/worker/store/records';

export const REVIEWS: KeptDataset = {
  rows: parseDataset('reviews.csv', 'text,label\nlovely,good\nawful,bad'),
  options: { mapping: { inputs: ['text'], target: 'label' }, validationFraction: 0.2, seed: 1 },
};

export const CURVE: RunCurve = {
  train: { steps: [1, 2, 3], losses: [2, null, 1] },
  validation: [
    { step: 0, loss: 2.5, accuracy: 0.5 },
    { step: 3, loss: 1.5, accuracy: null },
  ],
};

export const EMPTY_CURVE: RunCurve = { train: { steps: [], losses: [] }, validation: [] };

export const keptRun = (id: string, change: Partial<KeptRun> = {}): KeptRun => ({
  id,
  name: `reviews ${id}`,
  begun: 1_000,
  model: { name: 'fable-7m', dtype: 'q4', fileBytes: 5_110_000 },
  dataset: { id: 'data-1', name: 'reviews.csv' },
  settings: toTuneSettings(DEFAULTS),
  sweepId: null,
  step: 3,
  baseline: { step: 0, loss: 2.5, accuracy: 0.5 },
  validation: { step: 3, loss: 1.5, accuracy: 0.75 },
  ending: 'finished',
  message: 'Tuned for 3 steps.',
  adapter: null,
  ...change,
});

export const keptAdapter = (id: string, change: Partial<KeptAdapter> = {}): KeptAdapter => ({
  summary: {
    id,
    name: 'reviews',
    model: 'fable-7m',
    shape: { method: 'lora', rank: 4, alpha: 8, modules: 16, targets: ['q_proj', 'v_proj'] },
    parameters: 8,
    bytes: 32,
    steps: 3,
    baseLoss: 2.5,
    loss: 1.5,
    baseAccuracy: null,
    accuracy: null,
    origin: 'tuned',
    template: null,
  },
  model: { name: 'fable-7m', dtype: 'q4', fileBytes: 5_110_000 },
  made: 2_000,
  runId: null,
  files: { 'adapter_config.json': '{"peft_type":"LORA"}' },
  ...change,
});
