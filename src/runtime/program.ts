/** A compiled graph bound to its weights and opened as a session: what one calls with the inputs of the moment. */
import type { CompiledGraph } from '../autodiff';
import type { DataType } from '../onnx';
import { float16ToFloat32 } from '../onnx';
import type { Backend, DeviceTensor, Session } from './backend';
import { bytesOfArray } from './hostArray';
import type { WeightStore } from './weightStore';

/** An input that lives on the host and is uploaded for one run. */
export interface HostFeed {
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView;
}

export const int64Feed = (dims: readonly number[], data: BigInt64Array): HostFeed => ({
  dataType: 'int64',
  dims,
  data,
});
export const int32Feed = (dims: readonly number[], data: Int32Array): HostFeed => ({ dataType: 'int32', dims, data });
export const floatFeed = (dims: readonly number[], data: Float32Array): HostFeed => ({
  dataType: 'float32',
  dims,
  data,
});

type Tensors = Readonly<Record<string, DeviceTensor>>;

export class Program {
  private runs = 0;
  private whenIdle: (() => void) | null = null;

  private constructor(
    readonly graph: CompiledGraph,
    private readonly backend: Backend,
    private readonly session: Session,
    private readonly weights: Tensors,
  ) {}

  static async open(graph: CompiledGraph, store: WeightStore): Promise<Program> {
    const weights: Record<string, DeviceTensor> = await store.derive(graph);
    for (const { input, view } of graph.weights) weights[input] = store.view(view);
    return new Program(graph, store.backend, await store.backend.createSession(graph.model), weights);
  }

  /** Whether a run is under way. */
  get isBusy(): boolean {
    return this.runs > 0;
  }

  /** @see Session.run */
  async run(feeds: Tensors, into?: Tensors): Promise<Record<string, DeviceTensor>> {
    this.runs++;
    try {
      return await this.session.run({ ...this.weights, ...feeds }, into);
    } finally {
      this.runs--;
      if (this.runs === 0) this.whenIdle?.();
    }
  }

  /**
   * Uploads `feeds`, runs, hands the outputs to `use`, and then frees what was uploaded and what the run allocated.
   * @param bound inputs that are on the device already
   * @param into outputs that have a tensor of their own; see `Session.run`
   */
  async call<T>(
    feeds: Readonly<Record<string, HostFeed>>,
    use: (outputs: Tensors) => T | Promise<T>,
    { bound = {}, into = {} }: { readonly bound?: Tensors; readonly into?: Tensors } = {},
  ): Promise<T> {
    const passing: DeviceTensor[] = [];
    try {
      const uploaded: Record<string, DeviceTensor> = {};
      for (const [name, { dataType, dims, data }] of Object.entries(feeds)) {
        const tensor = this.backend.upload(dataType, dims, bytesOfArray(data));
        passing.push(tensor);
        uploaded[name] = tensor;
      }
      const outputs = await this.run({ ...bound, ...uploaded }, into);
      for (const [name, tensor] of Object.entries(outputs)) if (!into[name]) passing.push(tensor);
      return await use(outputs);
    } finally {
      for (const tensor of passing) this.backend.free(tensor);
    }
  }

  /** Waits for the runs that are under way. */
  async release(): Promise<void> {
    if (this.isBusy) {
      await new Promise<void>((resolve) => {
        this.whenIdle = resolve;
      });
    }
    await this.session.release();
  }
}

/** The elements of a tensor of floats; waits for the work queued before. */
export async function readFloats(
  backend: Backend,
  tensor: DeviceTensor | undefined,
): Promise<Float32Array<ArrayBuffer>> {
  if (tensor?.dataType !== 'float32' && tensor?.dataType !== 'float16')
    throw new RangeError(`${tensor?.dataType ?? 'no tensor'} where floats are wanted`);
  const { buffer } = new Uint8Array(await backend.read(tensor));
  return tensor.dataType === 'float16' ? float16ToFloat32(new Uint16Array(buffer)) : new Float32Array(buffer);
}
