import { describe, expect, it } from 'vitest';
import { fitOf } from '../../src/models';
import type { DeviceLimits } from '../../src/runtime';
import { deviceLimits } from '../../src/runtime';

const GB = 2 ** 30;
const graph = (bytes: number | null, dtype = 'q4') => ({ onnxPath: 'model.onnx', dtype, bytes });
const wasm = (memoryBytes: number | null): DeviceLimits => ({
  kind: 'wasm',
  memoryBytes,
  maxBindingBytes: null,
  float16: true,
});
const webgpu = (memoryBytes: number | null, maxBindingBytes = 2 * GB, float16 = false): DeviceLimits => ({
  kind: 'webgpu',
  memoryBytes,
  maxBindingBytes,
  float16,
});

describe('whether a model fits', () => {
  it.each([
    ['a small one', graph(0.1 * GB), wasm(8 * GB), 'fits'],
    ['one beyond what wasm can address', graph(4 * GB), wasm(8 * GB), 'too-large'],
    ['the same on a GPU', graph(4 * GB), webgpu(8 * GB, 4 * GB), 'tight'],
    ['one that wasm can just address', graph(3 * GB), wasm(null), 'tight'],
    ['one of half floats on a GPU without them', graph(1.5 * GB, 'fp16'), webgpu(8 * GB, 4 * GB), 'fits'],
    ['a larger one, twice its size there', graph(2.2 * GB, 'fp16'), webgpu(8 * GB, 4 * GB), 'tight'],
    ['the same on a GPU that has half floats', graph(2.2 * GB, 'fp16'), webgpu(8 * GB, 4 * GB, true), 'fits'],
    ['one larger than the memory', graph(2 * GB), wasm(4 * GB), 'too-large'],
    ['one larger than half of the memory', graph(1 * GB), wasm(4 * GB), 'tight'],
    ['one larger than the browser admits to have', graph(9 * GB), webgpu(8 * GB, 4 * GB), 'tight'],
    ['one whose tensors may be too large for the GPU', graph(1 * GB), webgpu(8 * GB, GB / 8), 'tight'],
    ['one of unknown size', graph(null), wasm(8 * GB), 'unknown'],
    ['a small one where the browser tells nothing', graph(0.1 * GB), webgpu(null), 'fits'],
  ] as const)('%s', (_, model, limits, fit) => {
    const judged = fitOf(model, limits);
    expect(judged.fit).toBe(fit);
    expect(judged.fitReason).toMatch(/^[A-Z].+\.$/);
  });

  it('is judged for wasm where there is no GPU', async () => {
    expect(await deviceLimits('auto')).toMatchObject({ kind: 'wasm', maxBindingBytes: null });
  });
});
