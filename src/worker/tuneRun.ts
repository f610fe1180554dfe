/** One run, from settings to a stored prefix: initialise, measure the model alone, train, and say what came of it. */
import type { PrefixGeometry } from '../adapters';
import { exportSafeTensors } from '../adapters';
import { DataError } from '../errors';
import { validate } from '../evaluation';
import type { DevicePrefix } from '../inference';
import { isOutOfMemory, memoryLimits } from '../runtime';
import {
  initialPrefix,
  type MemoryPlan,
  type MemoryRequest,
  type PrefixInitialisation,
  planMemory,
  Random,
  type RunControl,
  ranOutAdvice,
  SCORING_BATCH,
  type TrainerEvent,
  type TrainerResult,
  train,
  type ValidationResult,
} from '../tuning';
import type { OpenModel } from './openModel';
import type { PreparedDataset } from './preparedDataset';
import type { PrefixInit, PrefixSummary, TuneEvent, TuneSettings } from './protocol';
import { ownerOf, type StoredPrefix } from './storedPrefix';

export interface TuneRun {
  readonly model: OpenModel;
  readonly dataset: PreparedDataset;
  readonly settings: TuneSettings;
  readonly control: RunControl;
  readonly id: string;
  readonly geometry: PrefixGeometry;
  readonly onEvent: (event: TuneEvent) => void;
  /** Seconds of one step per token of its batch, for later estimates. */
  readonly onSpeed: (secondsPerToken: number) => void;
}

export interface TuneOutcome {
  readonly prefix: StoredPrefix;
  readonly outcome: { readonly reason: TrainerResult['reason']; readonly message: string };
}

export async function runTuning(run: TuneRun): Promise<TuneOutcome> {
  const { model, dataset, settings, control, onEvent } = run;
  const { loaded, kernels } = model;
  const random = new Random(settings.seed);
  const plan = planRun(model, dataset, settings);
  loaded.programs.limit(plan.programBytes);
  const measure = measuring(model, dataset, plan.scoringBatchSize);
  onEvent({ type: 'preparing', what: 'Measuring the model without a prefix' });
  const base = await measure(null);
  onEvent({ type: 'baseline', loss: base.loss, accuracy: base.accuracy });
  onEvent({ type: 'preparing', what: 'Initialising the prefix' });
  const initial = await initialPrefix(loaded, settings.length, initialisation(settings.init, model), random);
  let last: ValidationResult = base;
  const result = await train({
    loaded,
    kernels,
    examples: dataset.train,
    initial,
    prefixLength: settings.length,
    settings: { ...settings, microBatchSize: plan.microBatchSize, recompute: plan.recompute },
    random,
    control,
    validate: (parameters) => measure({ parameters, length: settings.length }),
    onEvent: (event) => {
      if (event.type === 'validation') last = event.result;
      report(run, event);
    },
  });
  return {
    prefix: store(run, result, base, result.measured ? last : null),
    outcome: { reason: result.reason, message: messageFor(result, settings) },
  };
}

/** @throws DeviceError if not even one row fits in the memory there is */
export function planRun({ loaded }: OpenModel, dataset: PreparedDataset, settings: TuneSettings): MemoryPlan {
  const { length, batchSize, microBatchSize, memoryBudgetMiB } = settings;
  const budget = memoryBudgetMiB === 'auto' ? 'auto' : memoryBudgetMiB * 2 ** 20;
  const request: MemoryRequest = {
    prefixLength: length,
    batchSize: Math.min(batchSize, dataset.train.length),
    microBatchSize,
    examples: dataset.train,
    scored: dataset.validation.sequences,
  };
  return planMemory(loaded, request, memoryLimits(loaded.backend, budget));
}

/** Validation that takes fewer rows at a time where memory runs out. */
export function measuring({ loaded, kernels }: OpenModel, dataset: PreparedDataset, batchSize?: number) {
  let rows = batchSize ?? SCORING_BATCH;
  return async (prefix: DevicePrefix | null): Promise<ValidationResult> => {
    for (;;) {
      try {
        return await validate(loaded, kernels, prefix, dataset.validation, rows);
      } catch (error) {
        if (!isOutOfMemory(error) || rows === 1) throw error;
        rows = Math.ceil(rows / 2);
        await loaded.programs.release();
      }
    }
  };
}

function initialisation(init: PrefixInit, { tokenizer }: OpenModel): PrefixInitialisation {
  switch (init.type) {
    case 'text': {
      const tokenIds = tokenizer.encode(init.text);
      if (tokenIds.length > 0) return { type: 'text', tokenIds };
      throw new DataError(
        'The text to start from is empty.',
        {},
        'Describe the task in a sentence, or start from random words.',
      );
    }
    case 'vocabulary':
      return { type: 'vocabulary', vocabSize: tokenizer.vocabularySize };
    case 'random':
    case 'zero':
      return init;
    default:
      return init satisfies never;
  }
}

function report({ settings, dataset, model, onEvent, onSpeed }: TuneRun, event: TrainerEvent): void {
  switch (event.type) {
    case 'step': {
      const { step, loss, learningRate, gradNorm, tokensPerSecond, secondsPerStep, secondsLeft } = event;
      onSpeed(secondsPerStep / (settings.batchSize * dataset.summary.meanTokens));
      onEvent({
        type: 'step',
        step,
        steps: settings.steps,
        loss,
        learningRate,
        gradNorm,
        tokensPerSecond,
        secondsLeft,
        deviceBytes: model.loaded.backend.live().bytes,
      });
      return;
    }
    case 'validation':
      onEvent({ type: 'validation', step: event.step, loss: event.result.loss, accuracy: event.result.accuracy });
      return;
    case 'smaller':
    case 'paused':
    case 'resumed':
      onEvent(event);
      return;
    default:
      event satisfies never;
  }
}

function store(
  run: TuneRun,
  result: TrainerResult,
  base: ValidationResult,
  tuned: ValidationResult | null,
): StoredPrefix {
  const { id, geometry, settings, dataset } = run;
  const { mapping, name: datasetName } = dataset.summary;
  const prefix = { geometry, length: settings.length, values: result.values };
  const name = `${datasetName.replace(/\.\w+$/, '')} · ${id.replace('prefix-', '#')}`;
  const measured = {
    baseLoss: base.loss,
    loss: tuned?.loss ?? null,
    baseAccuracy: base.accuracy,
    accuracy: tuned?.accuracy ?? null,
  };
  const owner = ownerOf(run.model.summary);
  const summary: PrefixSummary = {
    id,
    name,
    model: owner.name,
    length: settings.length,
    parameters: result.values.length,
    bytes: exportSafeTensors(prefix).byteLength,
    steps: result.steps,
    ...measured,
    origin: 'tuned',
    template: mapping.template,
  };
  const record = {
    name,
    template: mapping.template,
    task: mapping.task,
    initText: settings.init.type === 'text' ? settings.init.text : null,
    steps: result.steps,
    learningRate: settings.learningRate,
    seed: settings.seed,
    ...measured,
  };
  return { owner, summary, prefix, record };
}

function messageFor({ reason, steps }: TrainerResult, { learningRate, steps: wanted }: TuneSettings): string {
  switch (reason) {
    case 'finished':
      return `Tuned for ${steps} steps.`;
    case 'stopped':
      return `Stopped after ${steps} of ${wanted} steps; the prefix of that step is kept.`;
    case 'diverged':
      return steps === 0
        ? `The loss became infinite or not a number at once; the prefix is the one the run began with. Lower the learning rate (it was ${learningRate}; try ${learningRate / 4}), or begin with another text.`
        : `The loss became infinite or not a number after step ${steps}; the last good prefix is kept. Lower the learning rate (it was ${learningRate}; try ${learningRate / 4}) or the clip norm.`;
    case 'out-of-memory': {
      const kept = steps === 0 ? 'the prefix is the one the run began with' : 'the last good prefix is kept';
      return `Memory ran out at step ${steps + 1}, even with one row at a time; ${kept}. ${ranOutAdvice}`;
    }
    default:
      return reason satisfies never;
  }
}

/** @throws DataError that says which setting cannot work */
export function checkSettings(settings: TuneSettings, contextLength: number, longestTokens: number): void {
  const positive = [
    'length',
    'steps',
    'learningRate',
    'batchSize',
    'microBatchSize',
    'memoryBudgetMiB',
    'maxGradNorm',
    'evalEvery',
  ] as const;
  for (const name of positive) {
    const value = settings[name];
    if (value === 'auto') continue;
    if (!(Number.isFinite(value) && value > 0)) {
      throw new DataError(`${name} is ${value}; it must be above zero.`, { field: name });
    }
  }
  if (settings.length + longestTokens > contextLength) {
    throw new DataError(
      `A prefix of ${settings.length} and the longest row of ${longestTokens} tokens do not fit the ${contextLength} tokens that the model can read.`,
      { field: 'length' },
      `Choose a prefix of at most ${Math.max(1, contextLength - longestTokens)}, or shorten the rows.`,
    );
  }
}
