/**
 * The trainables and what AdamW (Loshchilov & Hutter 2019) remembers of them, on the device. One update is: accumulate the
 * gradients of the micro-batches, take their norm, clip and step; nothing of it comes back to the host but loss and norm.
 */
import type { Kernels } from '../kernels';
import type { Backend, DeviceTensor } from '../runtime';
import { bytesOfArray } from '../runtime';

export interface AdamWSettings {
  readonly weightDecay: number;
  /** Global gradient norm above which gradients are scaled down. */
  readonly maxGradNorm: number;
}

export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
/** Updates that can be taken back: on a GPU, one more is queued by the time the statistics of another arrive. */
const KEPT_UPDATES = 3;
/** Parameters, gradient, its sum, and AdamW's two moments. */
const VECTORS = 5;

/** Mean loss of a batch in nats, and the gradient's norm before clipping. */
export interface StepStatistics {
  readonly loss: number;
  readonly gradNorm: number;
}

export class Optimiser {
  readonly parameters: DeviceTensor;
  /** What a training program writes its gradient and loss to. */
  readonly gradient: DeviceTensor;
  readonly loss: DeviceTensor;
  private readonly sum: DeviceTensor;
  private readonly m: DeviceTensor;
  private readonly v: DeviceTensor;
  private readonly norm: DeviceTensor;
  /** [loss, norm] of the last two steps: one is read while the other is written. */
  private readonly statistics: readonly [DeviceTensor, DeviceTensor];
  /** The trainables as they were before each of the last updates, by step modulo `KEPT_UPDATES`. */
  private readonly before: readonly DeviceTensor[];
  /** All of these. */
  private readonly held: DeviceTensor[] = [];
  private accumulated = 0;
  private step = 0;

  constructor(
    private readonly backend: Backend,
    private readonly kernels: Kernels,
    initial: Float32Array,
    private readonly settings: AdamWSettings,
  ) {
    const { length } = initial;
    const keep = (tensor: DeviceTensor): DeviceTensor => {
      this.held.push(tensor);
      return tensor;
    };
    const numbers = (size: number) => keep(backend.allocate('float32', [size]));
    try {
      this.parameters = keep(backend.upload('float32', [length], bytesOfArray(initial)));
      this.gradient = numbers(length);
      this.sum = numbers(length);
      this.m = numbers(length);
      this.v = numbers(length);
      this.loss = numbers(1);
      this.norm = numbers(1);
      this.before = Array.from({ length: KEPT_UPDATES }, () => numbers(length));
      this.statistics = [numbers(2), numbers(2)];
    } catch (error) {
      // Memory may end halfway, and nobody else knows of the first half.
      this.dispose();
      throw error;
    }
  }

  /** Bytes that the optimiser of this many numbers holds. */
  static bytesFor(size: number): number {
    return 4 * size * (VECTORS + KEPT_UPDATES);
  }

  /** Adds the gradient and the loss that a program has just written. */
  accumulate(): void {
    const keep = this.accumulated === 0 ? 0 : 1;
    const statistics = this.statistics[this.step % 2] as DeviceTensor;
    this.kernels.accumulate({ into: this.sum, from: this.gradient, keep });
    this.kernels.accumulate({ into: statistics, from: this.loss, keep, count: 1 });
    this.accumulated++;
  }

  /** Forgets what was accumulated since the last update: the step begins anew. */
  discard(): void {
    this.accumulated = 0;
  }

  /** Clips and applies what was accumulated. @returns the statistics, which arrive after the device has caught up */
  update(learningRate: number): Promise<StepStatistics> {
    const statistics = this.statistics[this.step % 2] as DeviceTensor;
    this.step++;
    this.accumulated = 0;
    this.kernels.accumulate({ into: this.beforeStep(this.step), from: this.parameters, keep: 0 });
    this.kernels.gradNorm({ gradient: this.sum, norm: this.norm });
    this.kernels.accumulate({ into: statistics, from: this.norm, keep: 0, intoOffset: 1, count: 1 });
    this.kernels.adamw({
      parameters: this.parameters,
      gradient: this.sum,
      m: this.m,
      v: this.v,
      norm: this.norm,
      step: this.step,
      learningRate,
      ...ADAM,
      weightDecay: this.settings.weightDecay,
      maxNorm: this.settings.maxGradNorm,
    });
    return this.backend.read(statistics).then((bytes) => {
      const [loss, gradNorm] = new Float32Array(bytes.buffer, bytes.byteOffset, 2) as unknown as [number, number];
      return { loss, gradNorm };
    });
  }

  /** Puts the trainables back to what they were before update `step`, one of the last three. Moments stay as they are. */
  takeBack(step: number): void {
    if (step > this.step || step <= this.step - KEPT_UPDATES || step < 1) {
      throw new RangeError(`update ${step} of ${this.step} cannot be taken back`);
    }
    this.kernels.accumulate({ into: this.parameters, from: this.beforeStep(step), keep: 0 });
  }

  private beforeStep(step: number): DeviceTensor {
    return this.before[step % KEPT_UPDATES] as DeviceTensor;
  }

  /** A copy of the trainables as they are now. */
  async values(): Promise<Float32Array> {
    const bytes = await this.backend.read(this.parameters);
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  }

  dispose(): void {
    for (const tensor of this.held) this.backend.free(tensor);
  }
}
