/**
 * Loads onnxruntime-web, the build that fits: the plain wasm build where no GPU is used (it is smaller and does not pay for
 * asynchronous calls), the WebGPU build where one is, the Node build in Node.
 */
import type * as Ort from 'onnxruntime-web';
import type { BackendKind } from './backend';

export type OrtModule = typeof Ort;

const isNode = typeof process !== 'undefined' && Boolean(process.versions?.node);

/** Threads for wasm: SharedArrayBuffer needs a cross-origin isolated page (or Node). */
export function wasmThreads(): number {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  const shared = isNode || globalThis.crossOriginIsolated;
  return shared ? Math.max(1, Math.min(cores, 8)) : 1;
}

export async function loadOrt(kind: BackendKind): Promise<OrtModule> {
  const ort: OrtModule = isNode
    ? await import('onnxruntime-web')
    : kind === 'webgpu'
      ? await import('onnxruntime-web/webgpu')
      : await import('onnxruntime-web/wasm');
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = wasmThreads();
  return ort;
}
