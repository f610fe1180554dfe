/** What a device could hold, as far as the browser tells: to judge a model before it is loaded. Nothing is started. */
import { isSoftware } from './adapterInfo';
import type { BackendKind } from './backend';

export interface DeviceLimits {
  /** The device that the choice would take. */
  readonly kind: BackendKind;
  /** Of the whole machine, rounded to a power of two; null where the browser does not say. */
  readonly memoryBytes: number | null;
  /** The largest tensor that a shader can bind; null on wasm. */
  readonly maxBindingBytes: number | null;
}

export async function deviceLimits(choice: 'auto' | 'webgpu' | 'wasm'): Promise<DeviceLimits> {
  const navigator = globalThis.navigator;
  const gibibytes = navigator && 'deviceMemory' in navigator ? navigator.deviceMemory : null;
  const memoryBytes = typeof gibibytes === 'number' ? gibibytes * 2 ** 30 : null;
  const adapter = choice === 'wasm' ? null : await navigator?.gpu?.requestAdapter();
  if (!adapter || (choice === 'auto' && isSoftware(adapter.info))) {
    return { kind: 'wasm', memoryBytes, maxBindingBytes: null };
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  return { kind: 'webgpu', memoryBytes, maxBindingBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize) };
}
