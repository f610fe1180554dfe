/**
 * The wasm connector: tensors are typed arrays of the page, sessions run on ONNX Runtime's CPU provider (SIMD, threads).
 * Works on every machine, and is the truth that the WebGPU connector is tested against.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { DeviceError } from '../errors';
import type { DataType } from '../onnx';
import { byteLengthOf } from '../onnx';
import type { DeviceTensor, HostArray, HostTensor, LiveCounts, Session, WasmBackend } from './backend';
import { arrayOver, bytesOfArray } from './hostArray';
import { loadOrt, type OrtModule, wasmThreads } from './ortModule';
import { describeTensor, inputsOf, openSession, runFailure } from './ortSession';
import { hostBuffer } from './outOfMemory';
import { TINY_MODEL } from './tinyModel';

function hostData(tensor: DeviceTensor): HostArray {
  if (tensor.location !== 'host') throw new DeviceError('A tensor of the GPU was given to the wasm backend.');
  return tensor.data;
}

const optionsFor = (): InferenceSession.SessionOptions => ({
  executionProviders: ['wasm'],
  graphOptimizationLevel: 'all',
  enableMemPattern: true,
});

class HostSession implements Session {
  private released = false;

  constructor(
    private readonly ort: OrtModule,
    private readonly session: InferenceSession,
    private readonly adopt: (dataType: DataType, dims: readonly number[], data: HostArray) => HostTensor,
    private readonly onRelease: () => void,
  ) {}

  async run(
    feeds: Readonly<Record<string, DeviceTensor>>,
    into: Readonly<Record<string, DeviceTensor>> = {},
  ): Promise<Record<string, DeviceTensor>> {
    const inputs = inputsOf(
      this.session,
      feeds,
      (feed) => new this.ort.Tensor(feed.dataType as 'float32', hostData(feed) as Float32Array, feed.dims),
    );
    const outputs = await this.session.run(inputs).catch((cause) => {
      throw runFailure('wasm', cause);
    });
    const results: Record<string, DeviceTensor> = {};
    for (const name of this.session.outputNames) {
      const output = outputs[name] as Tensor;
      const target = into[name];
      if (target) copyInto(target, output, name);
      results[name] = target ?? this.adopt(output.type as DataType, output.dims, output.data as HostArray);
    }
    return results;
  }

  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    await this.session.release();
    this.onRelease();
  }
}

function copyInto(target: DeviceTensor, output: Tensor, name: string): void {
  const fits = target.dims.length === output.dims.length && target.dims.every((dim, i) => dim === output.dims[i]);
  if (!fits || target.dataType !== output.type) {
    throw new DeviceError(
      `Output ${name} is ${output.type} [${output.dims.join(', ')}], not ${describeTensor(target)}.`,
    );
  }
  (hostData(target) as Float32Array).set(output.data as Float32Array);
}

/**
 * ONNX Runtime compiles its wasm when the first session is opened: half a second, which passes while the model's file is
 * still coming in. What fails here fails again, and is reported, at the first session that matters.
 */
function warmUp(ort: OrtModule): void {
  ort.InferenceSession.create(TINY_MODEL, optionsFor())
    .then((session) => session.release())
    .catch(() => {});
}

export async function createWasmBackend(threads = wasmThreads()): Promise<WasmBackend> {
  const ort = await loadOrt('wasm', threads);
  warmUp(ort);
  const tensors = new Set<HostTensor>();
  let sessions = 0;
  const open = new Set<Session>();
  const adopt = (dataType: DataType, dims: readonly number[], data: HostArray): HostTensor => {
    const tensor: HostTensor = { location: 'host', dataType, dims, data };
    tensors.add(tensor);
    return tensor;
  };
  return {
    kind: 'wasm',
    description: `wasm, ${threads} thread${threads === 1 ? '' : 's'}`,
    threads,
    upload(dataType, dims, bytes) {
      const buffer = hostBuffer(bytes.byteLength);
      new Uint8Array(buffer).set(bytes);
      return adopt(dataType, dims, arrayOver(dataType, dims, buffer));
    },
    allocate: (dataType, dims) =>
      adopt(dataType, dims, arrayOver(dataType, dims, hostBuffer(byteLengthOf(dataType, dims)))),
    write: (tensor, bytes) => bytesOfArray(hostData(tensor)).set(bytes),
    read: async (tensor) => bytesOfArray(hostData(tensor)).slice(),
    free: (tensor) => {
      tensors.delete(tensor as HostTensor);
    },
    async createSession(model) {
      const session = await openSession(ort, 'wasm', model, optionsFor());
      sessions++;
      const wrapped: Session = new HostSession(ort, session, adopt, () => {
        sessions--;
        open.delete(wrapped);
      });
      open.add(wrapped);
      return wrapped;
    },
    live: (): LiveCounts => ({
      tensors: tensors.size,
      bytes: [...tensors].reduce((sum, tensor) => sum + tensor.data.byteLength, 0),
      sessions,
    }),
    async dispose() {
      for (const session of [...open]) await session.release();
      tensors.clear();
    },
  };
}
