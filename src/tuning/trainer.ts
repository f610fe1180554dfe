/**
 * The training loop: batches in, optimiser steps out, events as it goes. It knows neither files nor pages; what to validate
 * and when a person wants to stop come in as functions.
 */
import { type Graft, names } from '../autodiff';
import type { Kernels } from '../kernels';
import type { DeviceTensor, LoadedDecoder } from '../runtime';
import { bytesOfArray, floatFeed, int32Feed, int64Feed, isOutOfMemory } from '../runtime';
import { batches, type MicroBatch, microBatches, type SupervisedSequence, withInserted } from './batcher';
import { nextTask, type RunControl } from './control';
import { type MicroBatching, smaller } from './memoryPlan';
import type { Trainables } from './methods/method';
import { Optimiser, type StepStatistics } from './optimiser';
import { Pace } from './pace';
import { Random } from './random';
import { learningRateAt } from './schedule';

/** The micro-batching is where a run begins; it goes smaller where memory runs out. */
export interface TrainerSettings extends MicroBatching {
  readonly steps: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly batchSize: number;
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
  /** Memory ran out in this step; it is done again in smaller parts, as are all that follow. */
  | ({ readonly type: 'smaller'; readonly step: number } & MicroBatching)
  | { readonly type: 'paused'; readonly step: number }
  | { readonly type: 'resumed'; readonly step: number };

/** A graft's numbers on the device; `frozen` is null where it has none. */
export interface DeviceTrainables {
  readonly trainable: DeviceTensor;
  readonly frozen: DeviceTensor | null;
}

export interface TrainerOptions {
  readonly loaded: LoadedDecoder;
  readonly kernels: Kernels;
  readonly examples: readonly SupervisedSequence[];
  readonly graft: Graft;
  /** Where it starts from. */
  readonly initial: Trainables;
  readonly settings: TrainerSettings;
  readonly random: Random;
  readonly control: RunControl;
  /** Loss and accuracy of what is learned so far, on data that does not train. */
  readonly validate: (trainables: DeviceTrainables) => Promise<ValidationResult>;
  readonly onEvent: (event: TrainerEvent) => void;
  /** The rows of each step, in the order in which they are computed. */
  readonly onBatch?: (step: number, rows: readonly SupervisedSequence[]) => void;
}

export interface TrainerResult {
  /**
   * `diverged`: the loss was no finite number, and `values` are the last whose loss was one. `out-of-memory`: there was no
   * room even for one row at a time with recomputation, and `values` are those of the last whole step.
   */
  readonly reason: 'finished' | 'stopped' | 'diverged' | 'out-of-memory';
  /** Optimiser steps that made these values. */
  readonly steps: number;
  readonly values: Float32Array;
  /** Whether the last validation was of these values; memory may not have sufficed for it. */
  readonly measured: boolean;
}

export async function train(options: TrainerOptions): Promise<TrainerResult> {
  const { loaded, kernels, initial, settings } = options;
  const { backend } = loaded;
  const optimiser = new Optimiser(backend, kernels, initial.values, settings);
  const size = initial.frozen.length;
  let frozen: DeviceTensor | null = null;
  try {
    if (size > 0) frozen = backend.upload('float32', [size], bytesOfArray(initial.frozen));
    return await new Run(options, optimiser, frozen).toEnd();
  } finally {
    if (frozen) backend.free(frozen);
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
  /** Null where the graft draws none. */
  private readonly noise: Random | null;
  private readonly pace = new Pace();
  private diverged = false;
  private measured = false;
  /** How batches are computed from here on; null when nothing is small enough. */
  private parts: MicroBatching | null;
  /** The last step whose loss was finite. */
  private good = 0;

  constructor(
    private readonly options: TrainerOptions,
    private readonly optimiser: Optimiser,
    private readonly frozen: DeviceTensor | null,
  ) {
    const { microBatchSize, recompute, batchSize } = options.settings;
    const { graft, random } = options;
    this.noise = graft.noise(1, 1) > 0 ? new Random(random.integer(2 ** 31)) : null;
    this.source = batches(options.examples, batchSize, random);
    this.parts = { microBatchSize, recompute };
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
      pending = null;
      if (!queued) break;
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
    return { reason: this.reason(), steps, values: await this.optimiser.values(), measured: this.measured };
  }

  private reason(): TrainerResult['reason'] {
    if (this.diverged) return 'diverged';
    if (!this.parts) return 'out-of-memory';
    return this.good < this.options.settings.steps ? 'stopped' : 'finished';
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

  /** @returns null where the batch cannot be computed for want of memory; nothing of it has been applied then */
  private async step(step: number): Promise<StepUnderWay | null> {
    const learningRate = learningRateAt(step, this.options.settings);
    const batch = this.source.next().value;
    this.options.onBatch?.(step, batch);
    while (this.parts) {
      try {
        await this.accumulate(batch, this.parts);
        const textTokens = batch.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
        return { step, learningRate, textTokens, statistics: this.optimiser.update(learningRate) };
      } catch (error) {
        if (!isOutOfMemory(error)) throw error;
        await this.goSmaller(step, this.parts);
      }
    }
    return null;
  }

  /** The gradients of a whole batch, in parts. */
  private async accumulate(batch: readonly SupervisedSequence[], parts: MicroBatching): Promise<void> {
    const { loaded, graft } = this.options;
    const mostTokens = loaded.contextLength - graft.past - graft.inserted;
    for (const part of microBatches(batch, parts.microBatchSize, mostTokens)) {
      await this.backward(withInserted(part, graft.inserted), parts.recompute);
    }
  }

  private async goSmaller(step: number, parts: MicroBatching): Promise<void> {
    const { loaded, onEvent } = this.options;
    this.optimiser.discard();
    await loaded.programs.release();
    this.parts = smaller(parts);
    if (this.parts) onEvent({ type: 'smaller', step, ...this.parts });
  }

  private async backward(part: MicroBatch, recompute: boolean): Promise<void> {
    const { loaded, graft } = this.options;
    const { batch, tokens, rows } = part;
    const program = await loaded.training(graft, { batch, tokens, rows, recompute });
    const { parameters, loss, gradient } = this.optimiser;
    const { frozen, noise } = this;
    const drawn = graft.noise(batch, tokens);
    await program.call(
      {
        [names.ids]: int64Feed([batch, tokens], part.inputIds),
        [names.rows]: int64Feed([rows], part.rowIndices),
        [names.labels]: int32Feed([rows], part.labels),
        [names.weights]: floatFeed([rows], part.weights),
        ...(recompute && { [names.zero]: floatFeed([1], new Float32Array(1)) }),
        ...(noise && {
          [names.noise]: floatFeed(
            [drawn],
            Float32Array.from({ length: drawn }, () => noise.uniform()),
          ),
        }),
      },
      () => this.optimiser.accumulate(),
      {
        bound: { [names.trainable]: parameters, ...(frozen && { [names.frozen]: frozen }) },
        into: { [names.loss]: loss, [names.gradient]: gradient },
      },
    );
  }

  private async settle(underWay: StepUnderWay | null): Promise<null> {
    if (!underWay || this.diverged) return null;
    const { step, learningRate, textTokens } = underWay;
    const { loss, gradNorm } = await underWay.statistics;
    this.pace.stepped(textTokens);
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
      this.diverged = true;
      return null;
    }
    this.good = step;
    const { tokensPerSecond, secondsPerStep } = this.pace;
    const secondsLeft = this.pace.secondsLeft(step, this.options.settings);
    this.options.onEvent({
      type: 'step',
      step,
      loss,
      learningRate,
      gradNorm,
      tokensPerSecond,
      secondsPerStep,
      secondsLeft,
    });
    return null;
  }

  private async validate(step: number): Promise<void> {
    this.pace.restart();
    const trainables = { trainable: this.optimiser.parameters, frozen: this.frozen };
    const result = await this.options.validate(trainables).catch((error: unknown) => {
      // What was learned is worth more than its measure. Before the first step there is nothing to lose yet.
      if (step > 0 && isOutOfMemory(error)) return null;
      throw error;
    });
    this.measured = result !== null;
    if (result) this.options.onEvent({ type: 'validation', step, result });
    if (result && !Number.isFinite(result.loss)) this.diverged = true;
    this.pace.validated();
  }

  private async pause(step: number): Promise<void> {
    const { control, onEvent } = this.options;
    onEvent({ type: 'paused', step });
    await control.whileRunning();
    if (!control.isStopped) onEvent({ type: 'resumed', step });
    this.pace.restart();
  }
}
