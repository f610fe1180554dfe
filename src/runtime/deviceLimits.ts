/** What a device could hold, as far as the browser tells: to judge a model before it is loaded. Nothing is started. */
import { isSoftware } from './adapterInfo';
import type { BackendKind } from './backend';
import { machineBytes } from './memory';

export interface DeviceLimits {
  /** The device that the choice would take. */
  readonly kind: BackendKind;
  /** Of the whole machine, rounded to a power of two; null where the browser does not say. */
  readonly memoryBytes: number | null;
  /** The largest tensor that a shader can bind; null on wasm. */
  readonly maxBindingBytes: number | null;
  /** float16 weights lie there as they are; else twice as large. */
  readonly float16: boolean;
}

export async function deviceLimits(choice: 'auto' | 'webgpu' | 'wasm'): Promise<DeviceLimits> {
  const memoryBytes = machineBytes();
  const adapter = choice === 'wasm' ? null : await globalThis.navigator?.gpu?.requestAdapter();
  if (!adapter || (choice === 'auto' && isSoftware(adapter.info))) {
    return { kind: 'wasm', memoryBytes, maxBindingBytes: null, float16: true };
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  return {
    kind: 'webgpu',
    memoryBytes,
    maxBindingBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
    float16: adapter.features.has('shader-f16'),
  };
}
