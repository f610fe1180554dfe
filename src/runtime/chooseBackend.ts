/** Which device a model runs on. A software GPU is right but far slower than wasm, so `auto` does not take it. */
import { isSoftware } from './adapterInfo';
import type { Backend, WebGpuBackend } from './backend';
import { createWasmBackend } from './wasmBackend';

interface ChosenBackend {
  readonly backend: Backend;
  /** Why this device and not another, in a sentence. */
  readonly reason: string;
}

/** @param threads for wasm; default: what the page may use */
export async function chooseBackend(choice: 'auto' | 'webgpu' | 'wasm', threads?: number): Promise<ChosenBackend> {
  if (choice === 'wasm') return { backend: await createWasmBackend(threads), reason: 'You chose wasm.' };
  if (choice === 'webgpu') return { backend: await createWebGpuBackend(), reason: 'You chose WebGPU.' };
  const adapter = await globalThis.navigator?.gpu?.requestAdapter();
  if (!adapter) return { backend: await createWasmBackend(threads), reason: 'This browser offers no WebGPU adapter.' };
  if (isSoftware(adapter.info)) {
    return {
      backend: await createWasmBackend(threads),
      reason: 'The only WebGPU adapter is a software one, which is slower than wasm.',
    };
  }
  try {
    return { backend: await createWebGpuBackend(), reason: 'This machine has a GPU that the browser can use.' };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { backend: await createWasmBackend(threads), reason: `WebGPU could not be started (${message}).` };
  }
}

/** @throws DeviceError if the browser has no WebGPU adapter. */
export async function createWebGpuBackend(): Promise<WebGpuBackend> {
  // Loaded on demand: the WebGPU build of ONNX Runtime is large, and most of the code is of no use elsewhere.
  const { openWebGpu } = await import('./webgpuBackend');
  return openWebGpu();
}
