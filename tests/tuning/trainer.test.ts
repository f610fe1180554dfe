/** The training loop on a tiny decoder: it learns, obeys, repeats itself, and survives a loss that is no number. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pastGraft } from '../../src/autodiff';
import { DeviceError } from '../../src/errors';
import { score } from '../../src/inference';
import type { Kernels } from '../../src/kernels';
import {
  type DeviceTrainables,
  NOTHING_FROZEN,
  Random,
  RunControl,
  type TrainerEvent,
  type TrainerSettings,
  train,
  type ValidationResult,
} from '../../src/tuning';
import { asAdapter, initialPrefix } from '../support/prefixes';
import { devicePrefix, openTiny, randomIds, type TinyModel } from '../support/tinyModel';

const LENGTH = 4;
/** Near the end of float32: products with it are infinite, and their differences are no numbers. */
const TOO_LARGE = 3e38;
/** Twelve texts that all end in the same four tokens: something to learn. */
const examples = Array.from({ length: 12 }, (_, i) => ({
  tokenIds: [...randomIds(i + 10, 4 + (i % 5)), 17, 42, 17, 99],
  targetStart: 4 + (i % 5),
}));

const defaults: TrainerSettings = {
  steps: 8,
  learningRate: 0.02,
  warmupSteps: 1,
  batchSize: 4,
  microBatchSize: 2,
  recompute: false,
  weightDecay: 0,
  maxGradNorm: 1,
  evalEvery: 4,
};

let tiny: TinyModel;
let start: Float32Array;
let idle: ReturnType<TinyModel['backend']['live']>;
beforeAll(async () => {
  tiny = await openTiny();
  start = await initialPrefix(tiny.loaded, LENGTH, { type: 'text', tokenIds: [5, 6, 7, 8] }, new Random(0));
});
afterAll(() => tiny.dispose());
afterEach(() => {
  // Weights that graphs derive come with the first run; runs themselves leave nothing.
  idle ??= tiny.backend.live();
  expect(tiny.backend.live().tensors).toBe(idle.tensors);
});

interface Options {
  readonly settings?: Partial<TrainerSettings>;
  readonly initial?: Float32Array;
  readonly seed?: number;
  readonly control?: RunControl;
  readonly kernels?: Kernels;
  readonly onEvent?: (event: TrainerEvent) => void;
  readonly validate?: typeof validate;
}

async function validate({ trainable: parameters }: DeviceTrainables): Promise<ValidationResult> {
  const scores = await score(
    tiny.loaded,
    tiny.kernels,
    asAdapter({ parameters, length: LENGTH }),
    examples.slice(0, 4),
  );
  const sum = (of: 'negativeLogLikelihood' | 'tokens') => scores.reduce((total, one) => total + one[of], 0);
  return { loss: sum('negativeLogLikelihood') / sum('tokens'), accuracy: null };
}

async function run(options: Options = {}) {
  const { settings, initial = start, seed = 1, control = new RunControl(), kernels = tiny.kernels, onEvent } = options;
  const events: TrainerEvent[] = [];
  const result = await train({
    loaded: tiny.loaded,
    kernels,
    examples,
    graft: pastGraft(tiny.loaded.decoder, LENGTH),
    initial: { values: initial, frozen: NOTHING_FROZEN },
    settings: { ...defaults, ...settings },
    random: new Random(seed),
    control,
    validate: options.validate ?? validate,
    onEvent: (event) => {
      events.push(event);
      onEvent?.(event);
    },
  });
  const steps = events.filter((event) => event.type === 'step');
  const validations = events.filter((event) => event.type === 'validation');
  return { result, events, steps, validations, losses: steps.map(({ loss }) => loss) };
}

describe('a run', () => {
  it('lowers the loss, and says where it is', async () => {
    const { result, steps, validations } = await run();
    expect(result).toMatchObject({ reason: 'finished', steps: 8 });
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(validations.map(({ step }) => step)).toEqual([0, 4, 8]);
    const [before, , after] = validations.map(({ result }) => result.loss) as [number, number, number];
    expect(after).toBeLessThan(before - 0.5);
    expect(steps[0]?.learningRate).toBe(0.02);
    expect(steps.at(-1)?.learningRate).toBeCloseTo(0.002, 10);
    expect(steps.at(-1)?.secondsLeft).toBe(0);
    for (const { tokensPerSecond, gradNorm } of steps) {
      expect(tokensPerSecond).toBeGreaterThan(0);
      expect(gradNorm).toBeGreaterThan(0);
    }
  });

  it('gives back the values that its last validation measured', async () => {
    const { result, validations } = await run({ settings: { steps: 3 } });
    const { parameters } = devicePrefix(tiny.backend, result.values, LENGTH);
    expect((await validate(parameters)).loss).toBe(validations.at(-1)?.result.loss);
    tiny.backend.free(parameters);
  });

  it('is the same, loss by loss and number by number, for the same seed', async () => {
    const [first, second, other] = [await run(), await run(), await run({ seed: 2 })];
    expect(second.losses).toEqual(first.losses);
    expect(second.result.values).toEqual(first.result.values);
    expect(other.losses).not.toEqual(first.losses);
  });
});

describe('control', () => {
  it('stops after the step under way and keeps what was learned so far', async () => {
    const control = new RunControl();
    const stopped = await run({
      control,
      onEvent: (event) => event.type === 'step' && event.step === 3 && control.stop(),
    });
    expect(stopped.result).toMatchObject({ reason: 'stopped', steps: 3 });
    expect(stopped.validations.map(({ step }) => step)).toEqual([0, 3]);
    const whole = await run();
    expect(stopped.losses).toEqual(whole.losses.slice(0, 3));
  });

  it('pauses between steps, waits as long as it takes, and goes on as if nothing had been', async () => {
    const control = new RunControl();
    const whole = await run();
    const paused = await run({
      control,
      onEvent: (event) => {
        if (event.type === 'step' && event.step === 2) control.pause();
        if (event.type !== 'paused') return;
        expect(control.isPaused).toBe(true);
        setImmediate(() => control.resume());
      },
    });
    const kinds = paused.events.map((event) => `${event.type} ${event.step}`);
    const at = kinds.indexOf('paused 2');
    expect(kinds.slice(at - 1, at + 3)).toEqual(['step 2', 'paused 2', 'resumed 2', 'step 3']);
    expect(paused.result.values).toEqual(whole.result.values);
  });

  it('stops while it is paused', async () => {
    const control = new RunControl();
    const { result, events } = await run({
      control,
      onEvent: (event) => {
        if (event.type === 'step') control.pause();
        if (event.type === 'paused') setImmediate(() => control.stop());
      },
    });
    expect(result).toMatchObject({ reason: 'stopped', steps: 1 });
    expect(events.some(({ type }) => type === 'resumed')).toBe(false);
  });

  it('that stops before the first step leaves the beginning as it was', async () => {
    const control = new RunControl();
    control.stop();
    const { result, steps } = await run({ control });
    expect(result).toEqual({ reason: 'stopped', steps: 0, values: start, measured: true });
    expect(steps).toEqual([]);
  });
});

describe('a validation that memory does not suffice for', () => {
  const noRoom = () => Promise.reject(new DeviceError('no room', {}, undefined, { outOfMemory: true }));

  it('takes nothing of what was learned, and leaves it unmeasured', async () => {
    const whole = await run();
    let asked = 0;
    const { result, validations } = await run({
      validate: (parameters) => (asked++ === 2 ? noRoom() : validate(parameters)),
    });
    expect(asked).toBe(3);
    expect(validations.map(({ step }) => step)).toEqual([0, 4]);
    expect(result).toEqual({ ...whole.result, measured: false });
  });

  it('ends the run where nothing has been learned yet', async () => {
    await expect(run({ validate: noRoom })).rejects.toThrow('no room');
  });
});

describe('a loss that is not finite', () => {
  it('at the beginning ends the run at once', async () => {
    const { result, steps } = await run({ initial: new Float32Array(start.length).fill(TOO_LARGE) });
    expect(result).toMatchObject({ reason: 'diverged', steps: 0 });
    expect(steps).toEqual([]);
    expect((await run({ initial: new Float32Array(start.length).fill(Number.NaN) })).result.reason).toBe('diverged');
  });

  it('ends the run, with the last prefix whose loss was finite', async () => {
    const { result, steps } = await run({ settings: { learningRate: TOO_LARGE, warmupSteps: 0, evalEvery: 100 } });
    expect(result).toMatchObject({ reason: 'diverged', steps: 0 });
    expect(steps.map(({ step }) => step)).toEqual([1]);
    expect(result.values).toEqual(start);
  });

  it('after good steps keeps what those had learned', async () => {
    const control = new RunControl();
    const stopped = await run({
      control,
      onEvent: (event) => event.type === 'step' && event.step === 2 && control.stop(),
    });
    const adamw: Kernels['adamw'] = (update) =>
      tiny.kernels.adamw(update.step === 3 ? { ...update, learningRate: TOO_LARGE } : update);
    const { result, losses, validations } = await run({ kernels: { ...tiny.kernels, adamw } });
    expect(result).toEqual({ reason: 'diverged', steps: 2, values: stopped.result.values, measured: true });
    expect(losses.slice(0, 2)).toEqual(stopped.losses);
    expect(losses).toHaveLength(3);
    expect(validations.at(-1)?.result.loss).toBe(stopped.validations.at(-1)?.result.loss);
  });

  it('found by a validation ends the run too, and the last validation is that of the kept prefix', async () => {
    const { result, validations } = await run({
      settings: { learningRate: TOO_LARGE, warmupSteps: 0, steps: 1 },
    });
    expect(result).toMatchObject({ reason: 'diverged', steps: 0, values: start });
    expect(validations.map(({ result }) => Number.isFinite(result.loss))).toEqual([true, false, true]);
    expect(validations.at(-1)?.result.loss).toBe(validations[0]?.result.loss);
  });
});
