/**
 * The frozen weights of one model on one backend: each tensor once, shared by every session, as it came in the file where
 * the device can hold that (storedWeight.ts). What graphs derive from weights alone is computed on first use and kept
 * beside them.
 */
import type { CompiledGraph, DerivedRecipe, DerivedWeight, WeightView } from '../autodiff';
import { DeviceError } from '../errors';
import type { DataType, TensorData } from '../onnx';
import { byteLengthOf } from '../onnx';
import type { Backend, DeviceTensor } from './backend';
import { arrayOver } from './hostArray';
import { fromStored, type NativeTypes, nativeTypes, toStored } from './storedWeight';

interface StoredWeight {
  readonly tensor: DeviceTensor;
  /** In the model's file. */
  readonly original: DataType;
}

export class WeightStore {
  private readonly weights = new Map<string, StoredWeight>();
  private readonly derived = new Map<string, Promise<DeviceTensor>>();
  private native: NativeTypes;

  constructor(
    readonly backend: Backend,
    native: Partial<NativeTypes> = {},
  ) {
    this.native = { ...nativeTypes(backend), ...native };
  }

  /** Whether float16 weights lie here as float16. */
  get keepsFloat16(): boolean {
    return this.native.float16;
  }

  /** Bytes of the file's weights on the device. */
  get bytes(): number {
    return [...this.weights.values()].reduce(
      (sum, { tensor: { dataType, dims } }) => sum + byteLengthOf(dataType, dims),
      0,
    );
  }

  /** Uploads one tensor of the file; its bytes may be reused afterwards. */
  add(tensor: TensorData): void {
    if (this.weights.has(tensor.name)) throw new DeviceError(`Weight ${tensor.name} was loaded twice.`);
    const { dataType, bytes } = toStored(tensor, this.native);
    const uploaded = this.backend.upload(dataType, tensor.dims, bytes);
    this.weights.set(tensor.name, { tensor: uploaded, original: tensor.dataType });
  }

  /** Turns float16 weights into float32, one by one: for graphs that would otherwise hold a second copy of each. */
  async widen(): Promise<void> {
    this.native = { ...this.native, float16: false };
    const half = [...this.weights].filter(([, { tensor }]) => tensor.dataType === 'float16');
    for (const [name, { tensor }] of half) {
      const bytes = await this.backend.read(tensor);
      this.backend.free(tensor);
      this.weights.delete(name);
      this.add({ name, dataType: tensor.dataType, dims: tensor.dims, byteLength: bytes.byteLength, bytes });
    }
  }

  /** The weight under another type and shape, on the same bytes. */
  view({ weight, dataType, dims }: WeightView): DeviceTensor {
    const stored = this.weights.get(weight)?.tensor;
    if (!stored) throw new DeviceError(`Weight ${weight} was not loaded.`);
    const bytes = byteLengthOf(dataType, dims);
    if (bytes !== byteLengthOf(stored.dataType, stored.dims)) {
      throw new DeviceError(`Weight ${weight} does not hold ${dataType} [${dims.join(', ')}].`);
    }
    if (stored.location === 'gpu') return { ...stored, dataType, dims };
    const { buffer, byteOffset } = stored.data;
    return { ...stored, dataType, dims, data: arrayOver(dataType, dims, buffer as ArrayBuffer, byteOffset) };
  }

  /** What a graph needs computed from weights only, by its inputs; the same key is computed once for all graphs. */
  async derive(graph: Pick<CompiledGraph, 'derived' | 'recipe'>): Promise<Record<string, DeviceTensor>> {
    const missing = graph.derived.map(({ derived }) => derived).filter(({ key }) => !this.derived.has(key));
    // Every key is claimed before anything is awaited, so that a graph that comes meanwhile waits for the same tensor.
    let last: Promise<unknown> = Promise.resolve();
    for (const group of groupsOf(missing)) {
      const made = last.then(() => this.compute(graph.recipe(group)));
      last = made.catch(() => {});
      group.forEach(({ key }, i) => {
        const tensor = made.then((tensors) => tensors[i] as DeviceTensor);
        this.derived.set(key, tensor);
        // What failed for want of memory may succeed later.
        tensor.catch(() => this.derived.delete(key));
      });
    }
    const bound: Record<string, DeviceTensor> = {};
    for (const { input, derived } of graph.derived)
      bound[input] = await (this.derived.get(derived.key) as Promise<DeviceTensor>);
    return bound;
  }

  private async compute({ model, weights, outputs }: DerivedRecipe): Promise<DeviceTensor[]> {
    const session = await this.backend.createSession(model);
    try {
      const feeds = Object.fromEntries(weights.map(({ input, view }) => [input, this.view(view)]));
      const results = await session.run(feeds);
      return outputs.map((name) => results[name] as DeviceTensor);
    } finally {
      await session.release();
    }
  }

  /** Every weight as it lies on the device: to copy them, and to show that training leaves them alone. */
  async *contents(): AsyncGenerator<TensorData> {
    for (const [name, { tensor, original }] of this.weights) {
      const { dataType, bytes } = fromStored(await this.backend.read(tensor), tensor.dataType, original);
      yield { name, dataType, dims: tensor.dims, byteLength: bytes.byteLength, bytes };
    }
  }

  async dispose(): Promise<void> {
    for (const { tensor } of this.weights.values()) this.backend.free(tensor);
    for (const tensor of await Promise.allSettled(this.derived.values())) {
      if (tensor.status === 'fulfilled') this.backend.free(tensor.value);
    }
    this.weights.clear();
    this.derived.clear();
  }
}

/** Weights computed together share a session; more at a time would double the peak of memory. */
const GROUP_BYTES = 64 * 2 ** 20;

function groupsOf(weights: readonly DerivedWeight[]): DerivedWeight[][] {
  const groups: DerivedWeight[][] = [];
  let room = 0;
  for (const weight of new Map(weights.map((one) => [one.key, one])).values()) {
    const bytes = byteLengthOf(weight.dataType, weight.dims);
    if (bytes > room) {
      groups.push([]);
      room = GROUP_BYTES;
    }
    room -= bytes;
    groups.at(-1)?.push(weight);
  }
  return groups;
}
