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
 * Watches buffers being made: the answer comes later, and until somebody asks for it nothing waits.
 */
export class Allocations {
  private readonly pending = new Set<Promise<GPUError | null>>();

  constructor(private readonly device: GPUDevice) {}

  /** Small ones fail only when all is lost; they are made as they are. */
  make(descriptor: GPUBufferDescriptor): GPUBuffer {
    if (descriptor.size < WATCHED_BYTES) return this.device.createBuffer(descriptor);
    this.device.pushErrorScope('out-of-memory');
    this.device.pushErrorScope('validation');
    const buffer = this.device.createBuffer(descriptor);
    for (let scope = 0; scope < 2; scope++) this.pending.add(this.device.popErrorScope());
    return buffer;
  }

  /** @throws DeviceError if a buffer made since the last call could not be had: what was computed with it is void */
  async settle(): Promise<void> {
    if (this.pending.size === 0) return;
    const asked = [...this.pending];
    this.pending.clear();
    const failure = (await Promise.all(asked)).find((error) => error !== null);
    if (failure) throw noMemory(failure.message);
  }
}

const WATCHED_BYTES = 2 ** 20;

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
