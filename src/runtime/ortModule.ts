/**
 * Loads onnxruntime-web, the build that fits: the plain wasm build where no GPU is used (it is smaller and does not pay for
 * asynchronous calls), the WebGPU build where one is, the Node build in Node.
 */
import type * as Ort from 'onnxruntime-web';
import type { BackendKind } from './backend';

export type OrtModule = typeof Ort;

/** Beyond this, the threads of ONNX Runtime wait for each other on graphs of this size. */
const MAX_THREADS = 8;
const isNode = typeof process !== 'undefined' && Boolean(process.versions?.node);

/** Threads for wasm: SharedArrayBuffer needs a cross-origin isolated page (or Node, where the caller knows the cores). */
export function wasmThreads(): number {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  return isNode || globalThis.crossOriginIsolated ? Math.max(1, Math.min(cores, MAX_THREADS)) : 1;
}

/** @param threads for wasm; only the first call of a page decides */
export async function loadOrt(kind: BackendKind, threads: number): Promise<OrtModule> {
  const ort: OrtModule = isNode
    ? await import('onnxruntime-web')
    : kind === 'webgpu'
      ? await import('onnxruntime-web/webgpu')
      : await import('onnxruntime-web/wasm');
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = threads;
  return ort;
}
