/**
 * Whether a model fits a device, judged by its size alone before anything is loaded. An estimate: what lies on the device
 * follows from the graph, and how much memory is free no browser tells.
 */
import type { DeviceLimits } from '../runtime';
import type { ModelVariant } from '../worker/protocol';
import type { ModelGraph } from './variants';

type Fit = Pick<ModelVariant, 'fit' | 'fitReason'>;

const GiB = 2 ** 30;
/** Activations, the prefix and the cache of a run of ordinary size. */
const WORKING_BYTES = GiB / 4;
/** What 32-bit addresses reach. */
const WASM_BYTES = 4 * GiB;
/** Browsers tell no more than this of a machine's memory, so that it does not identify the person. */
const TOLD_AT_MOST = 8 * GiB;
/** Of all weights, the share that the largest tensor (the embedding) has in a small model. */
const LARGEST_SHARE = 1 / 3;

/** Where half floats lie as float32: all of an fp16 file, in a q4f16 file the scales and what is not quantized. */
const GROWTH: Readonly<Record<string, number>> = { fp16: 2, q4f16: 1.5 };

export function fitOf({ bytes, dtype }: ModelGraph, limits: DeviceLimits): Fit {
  if (bytes === null) return { fit: 'unknown', fitReason: 'The source does not say how large this file is.' };
  const { kind, memoryBytes, maxBindingBytes, float16 } = limits;
  const weights = bytes * (float16 ? 1 : (GROWTH[dtype] ?? 1));
  const onDevice = weights + WORKING_BYTES;
  if (kind === 'wasm' && onDevice > WASM_BYTES) {
    return { fit: 'too-large', fitReason: `It needs about ${gigabytes(onDevice)}, and wasm can address 4 GB.` };
  }
  // On wasm the weights lie in the page's memory, and ONNX Runtime has them in its own while it runs.
  const inAll = onDevice + (kind === 'wasm' ? weights : 0);
  const needs = `It needs about ${gigabytes(inAll)}`;
  if (memoryBytes !== null && inAll > memoryBytes) {
    return memoryBytes < TOLD_AT_MOST
      ? { fit: 'too-large', fitReason: `${needs}, and this device has ${gigabytes(memoryBytes)} of memory.` }
      : { fit: 'tight', fitReason: `${needs}, and the browser says only that there are 8 GB or more.` };
  }
  if (kind === 'webgpu' && maxBindingBytes !== null && weights * LARGEST_SHARE > maxBindingBytes) {
    const limit = gigabytes(maxBindingBytes);
    return {
      fit: 'tight',
      fitReason: `Its largest tensor may be over ${limit}, the most this GPU takes in one piece.`,
    };
  }
  if (kind === 'wasm' && onDevice > 0.7 * WASM_BYTES) {
    return { fit: 'tight', fitReason: `${needs}; wasm can address 4 GB, and long texts need more.` };
  }
  if (memoryBytes === null) return { fit: 'fits', fitReason: `${needs}. This browser does not say how much there is.` };
  if (inAll > memoryBytes / 2) {
    return { fit: 'tight', fitReason: `${needs}, more than half of this device's ${gigabytes(memoryBytes)}.` };
  }
  return { fit: 'fits', fitReason: `${needs} of this device's memory.` };
}

const gigabytes = (bytes: number): string => `${(bytes / GiB).toFixed(bytes < 10 * GiB ? 1 : 0)} GB`;
