/**
 * The kernels for the webgpu backend, on the device of ONNX Runtime. Import it on demand only: the WGSL text comes
 * through Vite (`?raw`), which does not exist in Node.
 */
import { createAccumulate } from './accumulate';
import { createAdamW } from './adamw';
import { createCacheAppend } from './cache_append';
import { Dispatcher } from './dispatch';
import { createGradNorm } from './grad_norm';
import { createPrefixConcat } from './prefix_concat';
import type { Kernels } from './types';

/** @throws DeviceError if the device refuses a kernel. */
export async function createGpuKernels(device: GPUDevice): Promise<Kernels> {
  const dispatcher = new Dispatcher(device);
  try {
    return await compileAll(dispatcher);
  } catch (error) {
    dispatcher.dispose();
    throw error;
  }
}

async function compileAll(dispatcher: Dispatcher): Promise<Kernels> {
  const [prefixConcat, cacheAppend, accumulate, gradNorm, adamw] = await Promise.all([
    createPrefixConcat(dispatcher),
    createCacheAppend(dispatcher),
    createAccumulate(dispatcher),
    createGradNorm(dispatcher),
    createAdamW(dispatcher),
  ]);
  return {
    prefixConcat,
    cacheAppend,
    accumulate,
    gradNorm: gradNorm.run,
    adamw,
    batch: (record) => dispatcher.batch(record),
    dispose() {
      gradNorm.dispose();
      dispatcher.dispose();
    },
  };
}
