/** Devices, sessions and weights: running compiled graphs on ONNX Runtime. */
export type {
  Backend,
  BackendKind,
  DeviceTensor,
  GpuTensor,
  HostTensor,
  LiveCounts,
  Session,
  WasmBackend,
  WebGpuBackend,
} from './backend';
export { bytesOfArray } from './hostArray';
export { LoadedDecoder, type LoadOptions } from './loadedDecoder';
export { Program } from './program';
export { createWasmBackend } from './wasmBackend';
export { createWebGpuBackend } from './webgpuBackend';
export { WeightStore } from './weightStore';
