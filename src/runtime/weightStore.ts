/**
 * The frozen weights of one model on one backend: each tensor once, shared by every session. Floats are kept as float32
 * (the compiler computes in it), quantized data as it came. What graphs derive from weights alone is computed on first use
 * and kept beside them.
 */
import type { DerivedWeight, WeightView } from '../autodiff';
import { DeviceError } from '../errors';
import type { TensorData } from '../onnx';
import { byteLengthOf, toFloat32 } from '../onnx';
import type { Backend, DeviceTensor } from './backend';
import { arrayOver, bytesOfArray } from './hostArray';

const HALF_FLOATS: ReadonlySet<string> = new Set(['float16', 'bfloat16', 'float64']);

export class WeightStore {
  private readonly weights = new Map<string, DeviceTensor>();
  private readonly derived = new Map<string, Promise<DeviceTensor>>();

  constructor(readonly backend: Backend) {}

  /** Uploads one tensor of the file; its bytes may be reused afterwards. */
  add(tensor: TensorData): void {
    if (this.weights.has(tensor.name)) throw new DeviceError(`Weight ${tensor.name} was loaded twice.`);
    const half = HALF_FLOATS.has(tensor.dataType);
    const uploaded = half
      ? this.backend.upload('float32', tensor.dims, bytesOfArray(toFloat32(tensor)))
      : this.backend.upload(tensor.dataType, tensor.dims, tensor.bytes);
    this.weights.set(tensor.name, uploaded);
  }

  /** The weight under another type and shape, on the same bytes. */
  view({ weight, dataType, dims }: WeightView): DeviceTensor {
    const stored = this.weights.get(weight);
    if (!stored) throw new DeviceError(`Weight ${weight} was not loaded.`);
    const bytes = byteLengthOf(dataType, dims);
    if (bytes !== byteLengthOf(stored.dataType, stored.dims)) {
      throw new DeviceError(`Weight ${weight} does not hold ${dataType} [${dims.join(', ')}].`);
    }
    if (stored.location === 'gpu') return { ...stored, dataType, dims };
    const { buffer, byteOffset } = stored.data;
    return { ...stored, dataType, dims, data: arrayOver(dataType, dims, buffer as ArrayBuffer, byteOffset) };
  }

  /** A tensor computed from weights only; the same key is computed once. */
  derive(derived: DerivedWeight): Promise<DeviceTensor> {
    const before = this.derived.get(derived.key);
    if (before) return before;
    const made = this.compute(derived);
    this.derived.set(derived.key, made);
    // What failed for want of memory may succeed later.
    made.catch(() => this.derived.delete(derived.key));
    return made;
  }

  private async compute({ model, weights }: DerivedWeight): Promise<DeviceTensor> {
    const session = await this.backend.createSession(model);
    try {
      const feeds = Object.fromEntries(weights.map(({ input, view }) => [input, this.view(view)]));
      const { derived } = await session.run(feeds);
      return derived as DeviceTensor;
    } finally {
      await session.release();
    }
  }

  /** Every weight as it lies on the device: to copy them, and to show that training leaves them alone. */
  async *contents(): AsyncGenerator<TensorData> {
    for (const [name, tensor] of this.weights) {
      const bytes = await this.backend.read(tensor);
      yield { name, dataType: tensor.dataType, dims: tensor.dims, byteLength: bytes.byteLength, bytes };
    }
  }

  async dispose(): Promise<void> {
    for (const tensor of this.weights.values()) this.backend.free(tensor);
    for (const tensor of await Promise.allSettled(this.derived.values())) {
      if (tensor.status === 'fulfilled') this.backend.free(tensor.value);
    }
    this.weights.clear();
    this.derived.clear();
  }
}
