/**
 * What the kernels offer, as types. The arithmetic is f32 everywhere; a cache may hold f16, where headDim is even. A buffer
 * named as written must differ from every buffer named as read. Shapes are written `[batch, kvHeads, time, headDim]`.
 */
import type { DeviceTensor } from '../runtime/backend';

/** `out[b,h,C−P−T+t,:] = t < P ? prefix[h,t,:] : cache[b,h,t−P,:]` for t < P + T; the slots of `out` before stay as they are. */
export interface PrefixConcat {
  /** f32, any shape: the flat trainables. The block `[kvHeads, P, headDim]` is read at `prefixOffset`. */
  readonly prefix: DeviceTensor;
  /** In elements, not bytes. */
  readonly prefixOffset: number;
  /** P ≥ 0. */
  readonly prefixLength: number;
  /** As `out`, `[batch, kvHeads, T, headDim]`. Absent means T = 0: the prefix is broadcast to the batch, or swapped in place. */
  readonly cache?: DeviceTensor;
  /** f32 or f16 `[batch, kvHeads, C, headDim]` with C ≥ P + T. Written. */
  readonly out: DeviceTensor;
}

/**
 * A cache filled up to its last slot moves on by n = counts[b] tokens, which take the place that becomes free:
 * `out[b,h,s,:] = s + n < C ? cache[b,h,s+n,:] : rows[b,h,s+n−C,:]`.
 */
export interface CacheAppend {
  /** As `cache`, `[batch, kvHeads, T, headDim]`. */
  readonly rows: DeviceTensor;
  /** f32 or f16 `[batch, kvHeads, C, headDim]`. */
  readonly cache: DeviceTensor;
  /** int32 `[batch]`: how many of the T rows are real, from 0 to T; the rest is padding. */
  readonly counts: DeviceTensor;
  /** As `cache`. Written. */
  readonly out: DeviceTensor;
}

/** `into[intoOffset+i] = keep · into[intoOffset+i] + scale · from[fromOffset+i]` for i < count. */
export interface Accumulate {
  /** f32, any shape. Written. */
  readonly into: DeviceTensor;
  /** f32, any shape. */
  readonly from: DeviceTensor;
  /** 0 starts a new sum: what `into` held is then ignored, even NaN. Default 1. */
  readonly keep?: number;
  /** Default 1. */
  readonly scale?: number;
  /** In elements; default 0. */
  readonly intoOffset?: number;
  /** In elements; default 0. */
  readonly fromOffset?: number;
  /** Elements to add; default all of `from` after `fromOffset`. */
  readonly count?: number;
}

/** `norm = √(Σ gradient²)`; NaN if any element is NaN, else +inf if any is infinite or the f32 sum of squares overflows. */
export interface GradNorm {
  /** f32, any shape. */
  readonly gradient: DeviceTensor;
  /** f32, one element. Written. */
  readonly norm: DeviceTensor;
}

/**
 * Clipping as `torch.nn.utils.clip_grad_norm_`, then one step of `torch.optim.AdamW` (decoupled weight decay, bias
 * correction). Where `norm` is NaN or infinite, nothing is written at all.
 */
export interface AdamW {
  /** f32, any shape. Written. */
  readonly parameters: DeviceTensor;
  /** f32, as many elements as `parameters`. */
  readonly gradient: DeviceTensor;
  /** f32, first and second moment, as many elements as `parameters`, zero at the start. Written. */
  readonly m: DeviceTensor;
  readonly v: DeviceTensor;
  /** f32, one element: the norm of `gradient`, from `gradNorm`. */
  readonly norm: DeviceTensor;
  /** 1 at the first update. */
  readonly step: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** The gradient is scaled by `min(1, maxNorm / (norm + 1e-6))`; Infinity turns clipping off. */
  readonly maxNorm: number;
}

/**
 * Every call returns at once; its work comes after all that was queued before it (uploads, kernels, session runs that
 * have resolved) and before all that is queued later. While a `Session.run` has not resolved, call no kernel on its tensors.
 *
 * @throws DeviceError, with the sizes, if tensors do not fit each other.
 */
export interface Kernels {
  prefixConcat(args: PrefixConcat): void;
  cacheAppend(args: CacheAppend): void;
  accumulate(args: Accumulate): void;
  gradNorm(args: GradNorm): void;
  adamw(args: AdamW): void;
  /**
   * Sends all calls made within `record` to the device together, which is cheaper for one call per layer. Inside, neither
   * write to nor free a tensor these calls use, and start no session: that work would overtake theirs.
   */
  batch(record: () => void): void;
  /** Releases what the kernels hold on the device; not the tensors. */
  dispose(): void;
}
