/**
 * Runs in the page: one kernel call on the GPU and the same call on the host, from the same random numbers, and how far
 * the two are apart. All tensors of the call are compared, the read ones too, so that a stray write is seen.
 */

import type { Kernels } from '../../src/kernels';
import { createKernels } from '../../src/kernels';
import { byteLengthOf, type DataType } from '../../src/onnx';
import type { DeviceTensor, GpuTensor, HostTensor } from '../../src/runtime/backend';
import { randomSource } from '../support/random';

export interface Difference {
  /** Greatest ‖gpu − host‖ ÷ ‖host‖ of a tensor. */
  relative: number;
  /** 32-bit words that differ. */
  words: number;
}

type Values = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
type Inputs = Record<string, { dims: readonly number[]; values: Values }>;
type Call<Names extends Inputs> = (kernels: Kernels, tensors: Record<keyof Names, DeviceTensor>) => void;

let devicePromise: Promise<GPUDevice> | undefined;

export function device(): Promise<GPUDevice> {
  devicePromise ??= (async () => {
    const adapter = await navigator.gpu.requestAdapter();
    if (!adapter) throw new Error('No WebGPU adapter: start Chromium with --use-webgpu-adapter=swiftshader.');
    const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
    return adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
  })();
  return devicePromise;
}

function product(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

/** In [−scale, scale). */
export function randomFloats(seed: number, dims: readonly number[], scale = 1) {
  const random = randomSource(seed);
  const values = new Float32Array(product(dims));
  for (let i = 0; i < values.length; i++) values[i] = (2 * random() - 1) * scale;
  return { dims, values };
}

/** Any bits, NaN with payloads and denormals among them: what only copies must keep them. */
export function randomBits(seed: number, dims: readonly number[]) {
  const random = randomSource(seed);
  const words = new Uint32Array(product(dims));
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32;
  return { dims, values: new Float32Array(words.buffer) };
}

/** float16 numbers of any bits, an even count of them. */
export function randomHalves(seed: number, dims: readonly number[]) {
  const { values } = randomBits(seed, [product(dims) / 2]);
  return { dims, values: new Uint16Array(values.buffer) };
}

export function ints(...values: number[]) {
  return { dims: [values.length], values: Int32Array.from(values) };
}

function dataType(values: Values): DataType {
  if (values instanceof Uint16Array) return 'float16';
  return values instanceof Float32Array ? 'float32' : 'int32';
}

export function toGpu(gpu: GPUDevice, dims: readonly number[], values: Values): GpuTensor {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = gpu.createBuffer({ size: Math.max(16, Math.ceil(values.byteLength / 16) * 16), usage });
  gpu.queue.writeBuffer(buffer, 0, values);
  return { location: 'gpu', dataType: dataType(values), dims, buffer };
}

export async function readWords(gpu: GPUDevice, tensor: GpuTensor): Promise<Uint32Array> {
  const size = byteLengthOf(tensor.dataType, tensor.dims);
  if (size === 0) return new Uint32Array(0);
  const staging = gpu.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(tensor.buffer, 0, staging, 0, size);
  gpu.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const words = new Uint32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return words;
}

/** @throws Error with what WebGPU's validation says, if it says anything. */
export async function compare<Names extends Inputs>(inputs: Names, call: Call<Names>): Promise<Difference> {
  const gpu = await device();
  const map = <T>(make: (it: Inputs[string]) => T) =>
    Object.fromEntries(Object.entries(inputs).map(([name, it]) => [name, make(it)])) as Record<keyof Names, T>;

  const onHost = map(
    (it): HostTensor => ({ location: 'host', dataType: dataType(it.values), dims: it.dims, data: it.values.slice() }),
  );
  call(await createKernels({ kind: 'wasm' }), onHost);

  gpu.pushErrorScope('validation');
  const kernels = await createKernels({ kind: 'webgpu', device: gpu });
  const onGpu = map((it) => toGpu(gpu, it.dims, it.values));
  call(kernels, onGpu);
  const error = await gpu.popErrorScope();
  if (error) throw new Error(error.message);

  const difference: Difference = { relative: 0, words: 0 };
  for (const name of Object.keys(inputs)) {
    const { buffer } = onHost[name]?.data ?? new Float32Array(0);
    const words = await readWords(gpu, onGpu[name] as GpuTensor);
    const one = distance(words, new Uint32Array(buffer));
    difference.relative = Math.max(difference.relative, one.relative);
    difference.words += one.words;
    onGpu[name]?.buffer.destroy();
  }
  kernels.dispose();
  return difference;
}

function distance(actual: Uint32Array, expected: Uint32Array): Difference {
  const [a, b] = [new Float32Array(actual.buffer), new Float32Array(expected.buffer)];
  let [apart, norm, words] = [0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] === expected[i]) {
      norm += (b[i] ?? 0) ** 2;
      continue;
    }
    words++;
    apart += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
    norm += (b[i] ?? 0) ** 2;
  }
  return { relative: apart === 0 ? 0 : Math.sqrt(apart / norm), words };
}
