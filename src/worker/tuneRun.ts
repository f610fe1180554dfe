/** One run, from settings to a stored prefix: initialise, measure the model alone, train, and say what came of it. */
import type { PrefixGeometry } from '../adapters';
import { exportSafeTensors } from '../adapters';
import { DataError } from '../errors';
import { validate } from '../evaluation';
import {
  initialPrefix,
  type PrefixInitialisation,
  Random,
  type RunControl,
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
  onEvent({ type: 'preparing', what: 'Measuring the model without a prefix' });
  const base = await validate(loaded, kernels, null, dataset.validation);
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
    settings,
    random,
    control,
    validate: (parameters) => validate(loaded, kernels, { parameters, length: settings.length }, dataset.validation),
    onEvent: (event) => {
      if (event.type === 'validation') last = event.result;
      report(run, event);
    },
  });
  return {
    prefix: store(run, result, base, last),
    outcome: { reason: result.reason, message: messageFor(result, settings) },
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
    case 'paused':
    case 'resumed':
      onEvent(event);
      return;
    default:
      event satisfies never;
  }
}

function store(run: TuneRun, result: TrainerResult, base: ValidationResult, tuned: ValidationResult): StoredPrefix {
  const { id, geometry, settings, dataset } = run;
  const { mapping, name: datasetName } = dataset.summary;
  const prefix = { geometry, length: settings.length, values: result.values };
  const name = `${datasetName.replace(/\.\w+$/, '')} · ${id.replace('prefix-', '#')}`;
  const measured = {
    baseLoss: base.loss,
    loss: tuned.loss,
    baseAccuracy: base.accuracy,
    accuracy: tuned.accuracy,
  };
  const summary: PrefixSummary = {
    id,
    name,
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
  return { owner: ownerOf(run.model.summary), summary, prefix, record };
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
    'maxGradNorm',
    'evalEvery',
  ] as const;
  for (const name of positive) {
    const value = settings[name];
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
