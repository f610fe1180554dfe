/** Devices, sessions and weights: running compiled graphs on ONNX Runtime. */
export type {
  Backend,
  BackendKind,
  DeviceTensor,
  HostTensor,
  Session,
  WasmBackend,
  WebGpuBackend,
} from './backend';
export { chooseBackend, createWebGpuBackend } from './chooseBackend';
export { type DeviceLimits, deviceLimits } from './deviceLimits';
export { bytesOfArray } from './hostArray';
export { LoadedDecoder, type LoadOptions } from './loadedDecoder';
export { type MemoryLimits, memoryLimits } from './memory';
export { OriginalGraph } from './originalGraph';
export { isOutOfMemory } from './outOfMemory';
export { floatFeed, type HostFeed, int32Feed, int64Feed, Program, readFloats } from './program';
export { workingBytes } from './programCache';
export { relativeError, SELF_TEST_LIMIT, selfTest } from './selfTest';
export { createWasmBackend } from './wasmBackend';
export { WeightStore } from './weightStore';
