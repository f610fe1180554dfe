/** One run, from settings to a stored adapter: initialise, measure the model alone, train, and say what came of it. */
import { exportSafeTensors } from '../adapters';
import { DataError, ModelError } from '../errors';
import { adapterOf } from '../inference';
import { memoryLimits } from '../runtime';
import {
  type AdapterValues,
  type Initialisation,
  type LoraTarget,
  type MemoryPlan,
  type MemoryRequest,
  type Method,
  type MethodChoice,
  methodOf,
  planMemory,
  Random,
  type RunControl,
  ranOutAdvice,
  type TrainerEvent,
  type TrainerResult,
  train,
  type ValidationResult,
} from '../tuning';
import { filesOf } from './adapterFiles';
import { shapeOf } from './adapterShape';
import { finite } from './finite';
import { baselineOf, measuring } from './measuring';
import type { OpenModel } from './openModel';
import type { PreparedDataset } from './preparedDataset';
import type { AdapterSummary, LoraRole, MethodSettings, TuneEvent, TuneSettings, VirtualInit } from './protocol';
import type { RunTrace } from './runTrace';
import { ownerOf, type StoredAdapter } from './storedAdapter';

export interface TuneRun {
  readonly model: OpenModel;
  readonly dataset: PreparedDataset;
  readonly settings: TuneSettings;
  /** As `planRun` made it of these. */
  readonly plan: MemoryPlan;
  readonly control: RunControl;
  readonly id: string;
  readonly onEvent: (event: TuneEvent) => void;
  /** Seconds of one step per token of its batch, for later estimates. */
  readonly onSpeed: (secondsPerToken: number) => void;
  readonly trace?: RunTrace;
}

export interface TuneOutcome {
  readonly adapter: StoredAdapter;
  readonly outcome: { readonly reason: TrainerResult['reason']; readonly message: string };
}

export async function runTuning(run: TuneRun): Promise<TuneOutcome> {
  const { model, dataset, settings, plan, control, onEvent } = run;
  const { loaded, kernels } = model;
  const random = new Random(settings.seed);
  const method = methodFor(model, settings.method);
  loaded.programs.limit(plan.programBytes);
  const measure = measuring(model, dataset, plan.scoringBatchSize);
  const alone = () => onEvent({ type: 'preparing', what: 'Measuring the model alone' });
  const base = await baselineOf(dataset, measure, alone);
  onEvent({ type: 'baseline', loss: base.loss, accuracy: base.accuracy });
  onEvent({ type: 'preparing', what: 'Initialising' });
  const initial = await method.initial(loaded, random);
  if (run.trace) {
    const adapter = await method.adapter(loaded, initial);
    run.trace.initial(filesOf({ adapter, record: {}, owner: ownerOf(model) }));
  }
  let last: ValidationResult = base;
  const result = await train({
    loaded,
    kernels,
    graft: method.graft,
    examples: dataset.train,
    initial,
    settings: { ...settings, microBatchSize: plan.microBatchSize, recompute: plan.recompute },
    random,
    control,
    validate: async (trainables) => {
      const { adapter, dispose } = await adapterOf(loaded, method.graft, trainables);
      try {
        return await measure(adapter);
      } finally {
        dispose();
      }
    },
    onEvent: (event) => {
      if (event.type === 'validation') last = event.result;
      report(run, event);
    },
    onBatch: (step, rows) => run.trace?.batch(step, rows),
  });
  const adapter = await method.adapter(loaded, { values: result.values, frozen: initial.frozen });
  return {
    adapter: store(run, adapter, result.steps, base, result.measured ? last : null),
    outcome: { reason: result.reason, message: messageFor(result, settings) },
  };
}

/** What a run learns and leaves behind, in numbers and in bytes of its file. */
export function sizeOfRun(model: OpenModel, settings: MethodSettings) {
  const method = methodFor(model, settings);
  const blank = method.blank();
  return {
    trainable: method.graft.size,
    kept: blank.values.length,
    bytes: exportSafeTensors(blank, model.geometry).byteLength,
  };
}

/** @throws DeviceError if not even one row fits in the memory there is */
export function planRun(model: OpenModel, dataset: PreparedDataset, settings: TuneSettings): MemoryPlan {
  const { loaded } = model;
  const { batchSize, microBatchSize, memoryBudgetMiB } = settings;
  const budget = memoryBudgetMiB === 'auto' ? 'auto' : memoryBudgetMiB * 2 ** 20;
  const request: MemoryRequest = {
    graft: methodFor(model, settings.method).graft,
    batchSize: Math.min(batchSize, dataset.train.length),
    microBatchSize,
    examples: dataset.train,
    scored: dataset.validation.sequences,
  };
  return planMemory(loaded, request, memoryLimits(loaded.backend, budget));
}

/** @throws DataError or ModelError where the model cannot be tuned like this */
function methodFor(model: OpenModel, settings: MethodSettings): Method {
  return methodOf(model.loaded, choiceOf(model, settings));
}

function choiceOf(model: OpenModel, settings: MethodSettings): MethodChoice {
  switch (settings.type) {
    case 'prefix': {
      const { length, init, projection, frozenTokens } = settings;
      return { type: 'prefix', settings: { length, init: initialisation(init, model), projection, frozenTokens } };
    }
    case 'prompt': {
      const { length, init, encoder } = settings;
      return { type: 'prompt', settings: { length, init: initialisation(init, model), encoder } };
    }
    case 'lora': {
      const { rank, alpha, dropout } = settings;
      return { type: 'lora', settings: { rank, alpha, dropout }, targets: chosenTargets(model, settings.targets) };
    }
    default:
      return settings satisfies never;
  }
}

/** A packed matrix is updated where any of what it is packed of was chosen. */
function chosenTargets({ targets }: OpenModel, roles: readonly LoraRole[]): LoraTarget[] {
  const chosen = targets.filter((target) => target.roles.some((role) => roles.includes(role)));
  if (chosen.length > 0) return chosen;
  throw new ModelError(
    `Prelude finds none of the projections ${roles.join(', ')} in this model.`,
    { field: 'targets' },
    'Choose others, or prefix-tuning.',
  );
}

function initialisation(init: VirtualInit, { tokenizer }: OpenModel): Initialisation {
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
  adapter: AdapterValues,
  steps: number,
  base: ValidationResult,
  tuned: ValidationResult | null,
): StoredAdapter {
  const { id, settings, dataset } = run;
  const { mapping, name: datasetName } = dataset.summary;
  const name = `${datasetName.replace(/\.\w+$/, '')} · ${id.replace('adapter-', '#')}`;
  const measured = {
    baseLoss: finite(base.loss),
    loss: finite(tuned?.loss ?? null),
    baseAccuracy: finite(base.accuracy),
    accuracy: finite(tuned?.accuracy ?? null),
  };
  const owner = ownerOf(run.model);
  const summary: AdapterSummary = {
    id,
    name,
    model: owner.name,
    shape: shapeOf(adapter),
    parameters: adapter.values.length,
    bytes: exportSafeTensors(adapter, owner.geometry).byteLength,
    steps,
    ...measured,
    origin: 'tuned',
    template: mapping.template,
  };
  const record = {
    name,
    template: mapping.template,
    task: mapping.task,
    kind: mapping.kind,
    system: mapping.system,
    words: mapping.words,
    initText: initTextOf(settings.method),
    steps,
    learningRate: settings.learningRate,
    seed: settings.seed,
    ...measured,
  };
  return { owner, summary, adapter, record };
}

const initTextOf = (method: MethodSettings): string | null =>
  method.type !== 'lora' && method.init.type === 'text' ? method.init.text : null;

function messageFor({ reason, steps }: TrainerResult, { learningRate, steps: wanted }: TuneSettings): string {
  switch (reason) {
    case 'finished':
      return `Tuned for ${steps} steps.`;
    case 'stopped':
      return `Stopped after ${steps} of ${wanted} steps; what it learned by then is kept.`;
    case 'diverged':
      return steps === 0
        ? `The loss became infinite or not a number at once; the adapter is the one the run began with. Lower the learning rate (it was ${learningRate}; try ${learningRate / 4}), or begin with another text.`
        : `The loss became infinite or not a number after step ${steps}; the last good one is kept. Lower the learning rate (it was ${learningRate}; try ${learningRate / 4}) or the clip norm.`;
    case 'out-of-memory': {
      const kept = steps === 0 ? 'the adapter is the one the run began with' : 'the last good one is kept';
      return `Memory ran out at step ${steps + 1}, even with one row at a time; ${kept}. ${ranOutAdvice}`;
    }
    default:
      return reason satisfies never;
  }
}
