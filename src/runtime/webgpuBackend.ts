/**
 * The WebGPU connector: tensors are buffers on ONNX Runtime's own GPUDevice, so kernels, uploads and sessions share one
 * queue and nothing passes through the host.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { DeviceError } from '../errors';
import type { DataType } from '../onnx';
import { byteLengthOf } from '../onnx';
import { isSoftware } from './adapterInfo';
import type { DeviceTensor, GpuTensor, LiveCounts, Session, WebGpuBackend } from './backend';
import { loadOrt, type OrtModule } from './ortModule';
import { checkTarget, inputsOf, openSession, runFailure } from './ortSession';
import { Allocations, underErrorScopes } from './outOfMemory';
import { noteConstants } from './sessionBuffers';
import { TINY_MODEL } from './tinyModel';

/** ONNX Runtime binds whole buffers and wants their size rounded up. */
const BUFFER_ALIGNMENT = 16;
const aligned = (bytes: number) => Math.max(BUFFER_ALIGNMENT, Math.ceil(bytes / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT);

function gpuBuffer(tensor: DeviceTensor): GPUBuffer {
  if (tensor.location !== 'gpu') throw new DeviceError('A tensor of the host was given to the WebGPU backend.');
  return tensor.buffer;
}

const OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['webgpu'],
  graphOptimizationLevel: 'all',
  preferredOutputLocation: 'gpu-buffer',
};

/** Runs one piece of work after the other. */
type Exclusive = <T>(work: () => Promise<T>) => Promise<T>;

/** The asyncify build of ONNX Runtime suspends inside a call and must not be entered a second time meanwhile. */
function exclusive(): Exclusive {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}

type GpuType = Tensor.GpuBufferDataTypes;

class GpuSession implements Session {
  private released = false;
  /** ONNX Runtime takes its buffers in the first run: only that one waits to hear whether they could be had. */
  private proven = false;

  constructor(
    private readonly ort: OrtModule,
    private readonly device: GPUDevice,
    private readonly session: InferenceSession,
    private readonly allocate: (dataType: DataType, dims: readonly number[]) => GpuTensor,
    private readonly allocations: Allocations,
    private readonly free: (tensor: DeviceTensor) => void,
    private readonly alone: Exclusive,
    private readonly flush: () => Promise<unknown>,
    private readonly onRelease: () => void,
  ) {}

  private wrap(tensor: DeviceTensor): Tensor {
    return this.ort.Tensor.fromGpuBuffer(gpuBuffer(tensor), {
      dataType: tensor.dataType as GpuType,
      dims: [...tensor.dims],
    });
  }

  async run(
    feeds: Readonly<Record<string, DeviceTensor>>,
    into: Readonly<Record<string, DeviceTensor>> = {},
  ): Promise<Record<string, DeviceTensor>> {
    const inputs = inputsOf(this.session, feeds, (feed) => this.wrap(feed));
    const results: Record<string, DeviceTensor> = {};
    const fetches: Record<string, Tensor> = {};
    for (const metadata of this.session.outputMetadata) {
      const { name } = metadata;
      if (!metadata.isTensor) throw new DeviceError(`Output ${name} of the graph is no tensor.`);
      const [dataType, dims] = [metadata.type as DataType, metadata.shape as number[]];
      const given = into[name];
      if (given) checkTarget(name, given, dataType, dims);
      results[name] = given ?? this.allocate(dataType, dims);
      fetches[name] = this.wrap(results[name]);
    }
    const run = async () => {
      await this.allocations.settle();
      return this.session.run(inputs, fetches);
    };
    await this.alone(this.proven ? run : () => underErrorScopes(this.device, run)).catch(async (cause) => {
      await this.flush();
      for (const [name, tensor] of Object.entries(results)) if (!into[name]) this.free(tensor);
      throw cause instanceof DeviceError ? cause : runFailure('webgpu', cause);
    });
    this.proven = true;
    return results;
  }

  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    await this.alone(() => this.session.release());
    this.onRelease();
  }
}

/** @throws DeviceError if the browser has no WebGPU adapter. */
export async function openWebGpu(): Promise<WebGpuBackend> {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter();
  if (!adapter) {
    throw new DeviceError(
      'This browser offers no WebGPU adapter.',
      {},
      'Choose the wasm device, or a browser with WebGPU (Chrome, Edge, Safari 26 or newer).',
    );
  }
  const ort = await loadOrt('webgpu', 1);
  // The device exists once a first session does; setting our own beforehand is ignored.
  const first = await openSession(ort, 'webgpu', TINY_MODEL, OPTIONS);
  const device = (await ort.env.webgpu.device) as GPUDevice;
  const { vendor, architecture } = adapter.info;

  const alone = exclusive();
  /**
   * A run that fails halfway leaves recorded commands behind, which ONNX Runtime submits with those of the next run. By then
   * their buffers may be destroyed, and the GPU would refuse both. So they are sent off by a run that does nothing else.
   */
  const flush = () => alone(() => first.run({ x: new ort.Tensor('float32', [0], [1]) })).catch(() => {});
  const allocations = new Allocations(device);
  const tensors = new Set<GpuTensor>();
  const open = new Set<Session>();
  const allocate = (dataType: DataType, dims: readonly number[]): GpuTensor => {
    const buffer = allocations.make({
      size: aligned(byteLengthOf(dataType, dims)),
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const tensor: GpuTensor = { location: 'gpu', dataType, dims, buffer };
    tensors.add(tensor);
    return tensor;
  };
  const write = (tensor: DeviceTensor, bytes: Uint8Array): void => {
    // writeBuffer takes multiples of 4
    const whole = bytes.byteLength & ~3;
    if (whole > 0) device.queue.writeBuffer(gpuBuffer(tensor), 0, bytes.buffer, bytes.byteOffset, whole);
    if (whole < bytes.byteLength) {
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      device.queue.writeBuffer(gpuBuffer(tensor), whole, tail);
    }
  };
  const free = (tensor: DeviceTensor): void => {
    if (tensor.location === 'gpu' && tensors.delete(tensor)) tensor.buffer.destroy();
  };
  return {
    kind: 'webgpu',
    description: `WebGPU, ${[vendor, architecture].filter(Boolean).join(' ') || 'unnamed adapter'}`,
    device,
    isFallback: isSoftware(adapter.info),
    allocate,
    write,
    free,
    upload(dataType, dims, bytes) {
      const tensor = allocate(dataType, dims);
      write(tensor, bytes);
      return tensor;
    },
    async read(tensor) {
      await allocations.settle();
      const bytes = byteLengthOf(tensor.dataType, tensor.dims);
      const staging = device.createBuffer({
        size: aligned(bytes),
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(gpuBuffer(tensor), 0, staging, 0, Math.ceil(bytes / 4) * 4);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const copy = new Uint8Array(staging.getMappedRange()).slice(0, bytes);
      staging.destroy();
      return copy;
    },
    async createSession(model) {
      const opening = () => noteConstants(device, () => openSession(ort, 'webgpu', model, OPTIONS));
      const noted = await alone(() => underErrorScopes(device, opening));
      const wrapped: Session = new GpuSession(
        ort,
        device,
        noted.result,
        allocate,
        allocations,
        free,
        alone,
        flush,
        () => {
          for (const buffer of noted.buffers) buffer.destroy();
          open.delete(wrapped);
        },
      );
      open.add(wrapped);
      return wrapped;
    },
    live: (): LiveCounts => ({
      tensors: tensors.size,
      bytes: [...tensors].reduce((sum, tensor) => sum + tensor.buffer.size, 0),
      sessions: open.size,
    }),
    async dispose() {
      for (const session of [...open]) await session.release();
      for (const tensor of [...tensors]) free(tensor);
      await first.release();
    },
  };
}
