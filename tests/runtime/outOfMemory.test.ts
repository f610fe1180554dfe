/** Want of memory is told from other failures, on wasm, on the host, and in a GPU's error scopes; and how much there may be. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { compile } from '../../src/autodiff/compiled';
import { DeviceError } from '../../src/errors';
import {
  createWasmBackend,
  isOutOfMemory,
  memoryLimits,
  type WasmBackend,
  type WebGpuBackend,
} from '../../src/runtime';
import { saysOutOfMemory, underErrorScopes } from '../../src/runtime/outOfMemory';
import { newOps } from '../support/graphs';

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

/** Σ exp(x) over `size` copies of x, which have to lie in memory. */
async function runCopies(size: number): Promise<Uint8Array> {
  const ops = newOps();
  const x = ops.builder.input('x', 'float32', [1]);
  const session = await backend.createSession(
    compile(ops.builder, { y: ops.reduce('ReduceSum', ops.exp(ops.expand(x, [size])), [0]) }).model,
  );
  const feed = backend.allocate('float32', [1]);
  try {
    const { y } = await session.run({ x: feed });
    return await backend.read(y as NonNullable<typeof y>);
  } finally {
    backend.free(feed);
    await session.release();
  }
}

describe('on wasm', () => {
  it('a run without room is out of memory, and the next one runs', async () => {
    // 4 GB in one tensor, the whole address space: refused before any of it is touched, where less would be filled first
    const error = await runCopies(1_073_000_000).catch((thrown: unknown) => thrown);
    expect(isOutOfMemory(error)).toBe(true);
    expect(error).toMatchObject({ kind: 'device', hint: expect.stringContaining('micro-batch') });
    expect(new Float32Array((await runCopies(1)).buffer)).toEqual(Float32Array.of(1));
  });

  it('so is an array that the page has no room for', () => {
    const attempt = () => backend.allocate('float32', [2 ** 40]);
    expect(attempt).toThrow(DeviceError);
    expect(attempt).toThrow(expect.objectContaining({ outOfMemory: true }));
  });

  it('another failure is not', async () => {
    const refused = await backend.createSession(Uint8Array.of(1, 2, 3)).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(DeviceError);
    expect(isOutOfMemory(refused)).toBe(false);
    expect(isOutOfMemory(new RangeError('Invalid array length'))).toBe(false);
  });
});

describe('the words of runtimes', () => {
  it.each([
    'failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc',
    'Failed to allocate memory for requested buffer of size 4294967296',
    'Array buffer allocation failed',
    'Out of memory: Wasm memory too large',
    'Buffer size (4294967296) exceeds the max buffer size limit (268435456).',
    'Binding size (268435456) of [Buffer] is larger than the maximum storage buffer binding size (134217728).',
  ])('are understood: %s', (message) => {
    expect(saysOutOfMemory(message)).toBe(true);
  });

  it.each([
    'The GPU device was lost.',
    'Could not find an implementation for BloomFilter(1)',
    'memory access out of bounds',
  ])('are not misunderstood: %s', (message) => {
    expect(saysOutOfMemory(message)).toBe(false);
  });
});

/** A device whose scopes report these messages, and that notes how deep they are. */
function scopedDevice({ memory, validation }: { memory?: string; validation?: string }) {
  const open: string[] = [];
  const device = {
    pushErrorScope: (filter: string) => open.push(filter),
    popErrorScope: async () => {
      const message = open.pop() === 'validation' ? validation : memory;
      return message === undefined ? null : { message };
    },
  };
  return { device: device as unknown as GPUDevice, open };
}

describe("a GPU's error scopes", () => {
  it('let a result through, and are closed again', async () => {
    const { device, open } = scopedDevice({});
    expect(await underErrorScopes(device, async () => open.length)).toBe(2);
    expect(open).toEqual([]);
  });

  it('turn a buffer that could not be had into an error, although the work seemed done', async () => {
    const { device } = scopedDevice({ memory: 'no room for a buffer' });
    const error = await underErrorScopes(device, async () => 1).catch((thrown: unknown) => thrown);
    expect(isOutOfMemory(error)).toBe(true);
    const tooLarge = scopedDevice({ validation: 'Buffer size (8) exceeds the max buffer size limit (4).' });
    const refused = await underErrorScopes(tooLarge.device, async () => 1).catch((thrown: unknown) => thrown);
    expect(isOutOfMemory(refused)).toBe(true);
  });

  it('say what else the device refused, and keep what the work itself threw', async () => {
    const { device } = scopedDevice({ validation: 'Binding 3 is missing.' });
    const refused = await underErrorScopes(device, async () => 1).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ message: 'The GPU refused a command: Binding 3 is missing.', outOfMemory: false });
    const fails = async () => {
      throw new Error('of the work');
    };
    const { device: quiet, open } = scopedDevice({});
    await expect(underErrorScopes(quiet, fails)).rejects.toThrow('of the work');
    expect(open).toEqual([]);
    const { device: full } = scopedDevice({ memory: 'full' });
    await expect(underErrorScopes(full, fails)).rejects.toMatchObject({ outOfMemory: true });
  });
});

describe('the limits of a device', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('are half of the machine, where the browser tells, else a careful guess', () => {
    vi.stubGlobal('navigator', { deviceMemory: 8 });
    expect(memoryLimits(backend, 'auto').budgetBytes).toBe(4 * 2 ** 30);
    vi.stubGlobal('navigator', {});
    expect(memoryLimits(backend, 'auto').budgetBytes).toBe(2 * 2 ** 30);
    vi.stubGlobal('navigator', undefined);
    expect(memoryLimits(backend, 'auto').budgetBytes).toBe(2 * 2 ** 30);
    expect(memoryLimits(backend, 12345)).toMatchObject({ budgetBytes: 12345 });
  });

  it("are the address space on wasm, and the device's own on a GPU", () => {
    expect(memoryLimits(backend, 2 ** 40).heapBytes).toBeLessThan(2 ** 32);
    const limits = { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 };
    const gpu = { kind: 'webgpu', device: { limits } } as unknown as WebGpuBackend;
    expect(memoryLimits(gpu, 'auto')).toMatchObject({ tensorBytes: 2 ** 27, heapBytes: Number.POSITIVE_INFINITY });
  });
});
