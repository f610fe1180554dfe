/**
 * The seam to the hardware: tensors on a device, and sessions that run ONNX graphs on them. Two connectors implement it,
 * `wasm` (every machine, and the truth the other is tested against) and `webgpu`. It knows nothing of models or training.
 */
import type { DataType } from '../onnx';

export type BackendKind = 'wasm' | 'webgpu';

/** The typed array that holds a tensor on the host: 4-bit types as packed bytes, float16 as raw bits, bool as bytes. */
export type HostArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

interface TensorShape {
  readonly dataType: DataType;
  readonly dims: readonly number[];
}

export interface HostTensor extends TensorShape {
  readonly location: 'host';
  readonly data: HostArray;
}

export interface GpuTensor extends TensorShape {
  readonly location: 'gpu';
  /** At least the tensor's bytes, rounded up to a multiple of 16; usage STORAGE | COPY_SRC | COPY_DST. */
  readonly buffer: GPUBuffer;
}

/** A tensor that lives on a backend until `Backend.free`. */
export type DeviceTensor = HostTensor | GpuTensor;

export interface Session {
  /**
   * Runs the graph. Every graph input must be in `feeds`. An output named in `into` is written to that tensor (shape and
   * type must match); every other output is allocated and belongs to the caller, who frees it.
   */
  run(
    feeds: Readonly<Record<string, DeviceTensor>>,
    into?: Readonly<Record<string, DeviceTensor>>,
  ): Promise<Record<string, DeviceTensor>>;
  release(): Promise<void>;
}

/** What is alive on a backend right now; all zero after everything was freed. */
export interface LiveCounts {
  tensors: number;
  bytes: number;
  sessions: number;
}

interface BackendCommon {
  /** e.g. `wasm, 2 threads` or `WebGPU, NVIDIA ampere`. */
  readonly description: string;
  /** Bytes are copied; `bytes` is the ONNX raw layout. */
  upload(dataType: DataType, dims: readonly number[], bytes: Uint8Array): DeviceTensor;
  /** Zero-filled. */
  allocate(dataType: DataType, dims: readonly number[]): DeviceTensor;
  /** Overwrites the tensor from its first byte. */
  write(tensor: DeviceTensor, bytes: Uint8Array): void;
  /** A copy of the tensor's bytes; waits for all work queued before. */
  read(tensor: DeviceTensor): Promise<Uint8Array>;
  free(tensor: DeviceTensor): void;
  /** `model` is a serialised ONNX model. @throws DeviceError if the runtime refuses it. */
  createSession(model: Uint8Array): Promise<Session>;
  live(): LiveCounts;
  dispose(): Promise<void>;
}

export interface WasmBackend extends BackendCommon {
  readonly kind: 'wasm';
  readonly threads: number;
}

export interface WebGpuBackend extends BackendCommon {
  readonly kind: 'webgpu';
  readonly device: GPUDevice;
  /** A software adapter (SwiftShader): right, but far slower than wasm. */
  readonly isFallback: boolean;
}

export type Backend = WasmBackend | WebGpuBackend;
