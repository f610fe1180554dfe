/**
 * The training loop: batches in, optimiser steps out, events as it goes. It knows neither files nor pages; what to validate
 * and when a person wants to stop come in as functions.
 */
import { names } from '../autodiff';
import type { Kernels } from '../kernels';
import type { DeviceTensor, LoadedDecoder } from '../runtime';
import { floatFeed, int32Feed, int64Feed } from '../runtime';
import { batches, type MicroBatch, microBatches, type SupervisedSequence } from './batcher';
import { nextTask, type RunControl } from './control';
import { Optimiser, type StepStatistics } from './optimiser';
import type { Random } from './random';
import { learningRateAt } from './schedule';

export interface TrainerSettings {
  readonly steps: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly batchSize: number;
  readonly microBatchSize: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
  /** Steps between validations; there is always one before the first step and one after the last. */
  readonly evalEvery: number;
}

export interface ValidationResult {
  /** Mean over supervised tokens, the end token counting less; see `endTokenWeight`. Nats. */
  readonly loss: number;
  /** 0..1, null where the task has no labels. */
  readonly accuracy: number | null;
}

export type TrainerEvent =
  | {
      readonly type: 'step';
      readonly step: number;
      readonly loss: number;
      readonly learningRate: number;
      readonly gradNorm: number;
      /** Text tokens per second, smoothed over the last steps. */
      readonly tokensPerSecond: number;
      readonly secondsPerStep: number;
      /** Validations included. */
      readonly secondsLeft: number;
    }
  | { readonly type: 'validation'; readonly step: number; readonly result: ValidationResult }
  | { readonly type: 'paused'; readonly step: number }
  | { readonly type: 'resumed'; readonly step: number };

export interface TrainerOptions {
  readonly loaded: LoadedDecoder;
  readonly kernels: Kernels;
  readonly examples: readonly SupervisedSequence[];
  /** Trainables at the start; [layers, 2, kvHeads, length, headDim]. */
  readonly initial: Float32Array;
  readonly prefixLength: number;
  readonly settings: TrainerSettings;
  readonly random: Random;
  readonly control: RunControl;
  /** Loss and accuracy of the prefix held by `parameters`, on data that does not train. */
  readonly validate: (parameters: DeviceTensor) => Promise<ValidationResult>;
  readonly onEvent: (event: TrainerEvent) => void;
}

export interface TrainerResult {
  /** `diverged`: the loss was no finite number, and `values` are the last whose loss was one. */
  readonly reason: 'finished' | 'stopped' | 'diverged';
  /** Optimiser steps that made these values. */
  readonly steps: number;
  readonly values: Float32Array;
}

/** Of the mean over past steps, how much the newest counts. */
const TIME_SMOOTHING = 0.2;

export async function train(options: TrainerOptions): Promise<TrainerResult> {
  const { loaded, kernels, initial, settings } = options;
  const optimiser = new Optimiser(loaded.backend, kernels, initial, settings);
  try {
    return await new Run(options, optimiser).toEnd();
  } finally {
    optimiser.dispose();
  }
}

interface StepUnderWay {
  readonly step: number;
  readonly learningRate: number;
  readonly textTokens: number;
  readonly statistics: Promise<StepStatistics>;
}

class Run {
  private readonly source: Generator<readonly SupervisedSequence[], never>;
  private secondsPerStep = 0;
  private tokensPerStep = 0;
  private secondsPerValidation = 0;
  private lastStepEnd = performance.now();
  private diverged = false;
  /** The last step whose loss was finite. */
  private good = 0;

  constructor(
    private readonly options: TrainerOptions,
    private readonly optimiser: Optimiser,
  ) {
    this.source = batches(options.examples, options.settings.batchSize, options.random);
  }

  async toEnd(): Promise<TrainerResult> {
    const { settings, control } = this.options;
    await this.validate(0);
    let pending: StepUnderWay | null = null;
    let validatedAt = 0;
    for (let step = 1; step <= settings.steps && !this.diverged; step++) {
      await nextTask();
      if (control.isPaused) {
        pending = await this.settle(pending);
        await this.pause(step - 1);
      }
      if (control.isStopped || this.diverged) break;
      const queued = await this.step(step);
      // On a GPU the step before is awaited only now that this one is queued: the device never waits for the host.
      await this.settle(pending);
      pending = this.options.loaded.backend.kind === 'webgpu' ? queued : await this.settle(queued);
      if (step % settings.evalEvery === 0 && step < settings.steps) {
        pending = await this.settle(pending);
        if (this.diverged) break;
        await this.validate(step);
        validatedAt = step;
      }
    }
    await this.settle(pending);
    if (this.good > validatedAt && !this.diverged) await this.validate(this.good);
    const steps = this.diverged ? await this.backToFinite() : this.good;
    const reason = this.diverged ? 'diverged' : this.good < settings.steps ? 'stopped' : 'finished';
    return { reason, steps, values: await this.optimiser.values() };
  }

  /**
   * Step `good` computed its loss before it changed the trainables: what it changed them to is what diverged.
   * @returns the steps that made the trainables as they are now
   */
  private async backToFinite(): Promise<number> {
    if (this.good === 0) return 0;
    this.optimiser.takeBack(this.good);
    await this.validate(this.good);
    return this.good - 1;
  }

  private async step(step: number): Promise<StepUnderWay> {
    const { settings } = this.options;
    const learningRate = learningRateAt(step, settings);
    const parts = microBatches(this.source.next().value, settings.microBatchSize);
    for (const part of parts) {
      await this.backward(part);
    }
    const textTokens = parts.reduce((sum, part) => sum + part.textTokens, 0);
    return { step, learningRate, textTokens, statistics: this.optimiser.update(learningRate) };
  }

  private async backward(part: MicroBatch): Promise<void> {
    const { loaded, prefixLength } = this.options;
    const { batch, tokens, rows } = part;
    const program = await loaded.training({ batch, tokens, prefix: prefixLength, rows });
    const { parameters, loss, gradient } = this.optimiser;
    await program.call(
      {
        [names.ids]: int64Feed([batch, tokens], part.inputIds),
        [names.rows]: int64Feed([rows], part.rowIndices),
        [names.labels]: int32Feed([rows], part.labels),
        [names.weights]: floatFeed([rows], part.weights),
      },
      () => this.optimiser.accumulate(),
      { bound: { [names.trainable]: parameters }, into: { [names.loss]: loss, [names.gradient]: gradient } },
    );
  }

  private async settle(underWay: StepUnderWay | null): Promise<null> {
    if (!underWay || this.diverged) return null;
    const { step, learningRate, textTokens } = underWay;
    const { loss, gradNorm } = await underWay.statistics;
    const seconds = (performance.now() - this.lastStepEnd) / 1000;
    this.lastStepEnd = performance.now();
    const weight = this.secondsPerStep === 0 ? 1 : TIME_SMOOTHING;
    this.secondsPerStep += weight * (seconds - this.secondsPerStep);
    this.tokensPerStep += weight * (textTokens - this.tokensPerStep);
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
      this.diverged = true;
      return null;
    }
    this.good = step;
    this.options.onEvent({
      type: 'step',
      step,
      loss,
      learningRate,
      gradNorm,
      tokensPerSecond: this.tokensPerStep / this.secondsPerStep,
      secondsPerStep: this.secondsPerStep,
      secondsLeft: this.secondsLeft(step),
    });
    return null;
  }

  private secondsLeft(step: number): number {
    const { steps, evalEvery } = this.options.settings;
    const validations = step === steps ? 0 : Math.ceil((steps - step) / evalEvery);
    return this.secondsPerStep * (steps - step) + this.secondsPerValidation * validations;
  }

  private async validate(step: number): Promise<void> {
    const start = performance.now();
    const result = await this.options.validate(this.optimiser.parameters);
    this.options.onEvent({ type: 'validation', step, result });
    if (!Number.isFinite(result.loss)) this.diverged = true;
    this.lastStepEnd = performance.now();
    this.secondsPerValidation = (this.lastStepEnd - start) / 1000;
  }

  private async pause(step: number): Promise<void> {
    const { control, onEvent } = this.options;
    onEvent({ type: 'paused', step });
    await control.whileRunning();
    if (!control.isStopped) onEvent({ type: 'resumed', step });
    this.lastStepEnd = performance.now();
  }
}
