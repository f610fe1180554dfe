/**
 * The arithmetic that stands between the runs of ONNX graphs: prefix and cache copies, gradient sums, clipping, AdamW.
 * On `webgpu` these are WGSL kernels on the device of ONNX Runtime, on `wasm` the TypeScript references that the WGSL is
 * tested against. They know nothing of models, layers or schedules.
 */
import type { WasmBackend, WebGpuBackend } from '../runtime/backend';
import { createHostKernels } from './host';
import type { Kernels } from './types';

export type { AdamW, Kernels } from './types';

/** What the kernels need of a `Backend`. */
export type KernelBackend = Pick<WasmBackend, 'kind'> | Pick<WebGpuBackend, 'kind' | 'device'>;

/** @throws DeviceError if the device refuses a kernel. */
export async function createKernels(backend: KernelBackend): Promise<Kernels> {
  if (backend.kind === 'wasm') return createHostKernels();
  // Loaded on demand: it imports WGSL text through Vite, which does not exist in Node.
  const { createGpuKernels } = await import('./gpu');
  return createGpuKernels(backend.device);
}
