/**
 * Telling want of memory from other failures: less at a time may then succeed, which is of no use against any other error.
 * ONNX Runtime says it in words only, JavaScript with a RangeError, a GPU in an error scope, after the fact.
 */
import { DeviceError } from '../errors';

const SIGNS =
  /bad_alloc|out[ -]of[ -]memory|\boom\b|fail\w* to allocate|allocation fail|exceeds the max buffer size|larger than the maximum (storage buffer )?binding size/i;

export const saysOutOfMemory = (message: string): boolean => SIGNS.test(message);

export const isOutOfMemory = (error: unknown): error is DeviceError =>
  error instanceof DeviceError && error.outOfMemory;

export const LOWER_MEMORY = 'Lower the micro-batch, shorten the rows, or take a shorter prefix.';

/** @throws DeviceError where the page has no room for it */
export function hostBuffer(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch (cause) {
    throw new DeviceError(`There is no room for ${bytes} bytes.`, {}, LOWER_MEMORY, { cause, outOfMemory: true });
  }
}

/**
 * Does work on the device and waits for what the device says about it. A buffer that could not be had otherwise shows only
 * in wrong results.
 * @throws DeviceError if the device ran out of memory or refused a command
 */
export async function underErrorScopes<T>(device: GPUDevice, work: () => Promise<T>): Promise<T> {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  const closing = () => Promise.all([device.popErrorScope(), device.popErrorScope()]);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    const [refused, memory] = await closing();
    if (memory || saysOutOfMemory(refused?.message ?? ''))
      throw noMemory(memory?.message ?? refused?.message ?? '', error);
    throw error;
  }
  const [refused, memory] = await closing();
  if (memory || saysOutOfMemory(refused?.message ?? '')) throw noMemory(memory?.message ?? refused?.message ?? '');
  if (refused) throw new DeviceError(`The GPU refused a command: ${refused.message}`, {}, 'Choose the wasm device.');
  return result;
}

const noMemory = (message: string, cause?: unknown): DeviceError =>
  new DeviceError(`The GPU ran out of memory: ${message}`, {}, LOWER_MEMORY, { cause, outOfMemory: true });
