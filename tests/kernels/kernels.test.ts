/** The references, which wasm runs and the WGSL is compared with, against formulas written anew here. In Node. */
import { beforeAll, describe, expect, it } from 'vitest';
import { DeviceError } from '../../src/errors';
import type { AdamW, Kernels } from '../../src/kernels';
import { createKernels } from '../../src/kernels';
import type { HostTensor } from '../../src/runtime/backend';

let kernels: Kernels;
beforeAll(async () => {
  kernels = await createKernels({ kind: 'wasm' });
});

function floats(dims: number[], values: (index: number) => number): HostTensor & { data: Float32Array } {
  const count = dims.reduce((a, b) => a * b, 1);
  return {
    location: 'host',
    dataType: 'float32',
    dims,
    data: Float32Array.from({ length: count }, (_, i) => values(i)),
  };
}

function ints(...values: number[]): HostTensor {
  return { location: 'host', dataType: 'int32', dims: [values.length], data: Int32Array.from(values) };
}

/** The element at [b, h, t, d] of a tensor of rank four. */
function at({ dims, data }: HostTensor & { data: Float32Array }, b: number, h: number, t: number, d: number): number {
  const [, heads = 0, time = 0, headDim = 0] = dims;
  return data[((b * heads + h) * time + t) * headDim + d] ?? Number.NaN;
}

/** Every index of `[batch, heads, time, headDim]`. */
function* indices([batch = 0, heads = 0, time = 0, headDim = 0]: readonly number[]) {
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let t = 0; t < time; t++) for (let d = 0; d < headDim; d++) yield [b, h, t, d] as const;
}

describe('prefix_concat', () => {
  const [heads, headDim, prefixOffset] = [3, 5, 17];
  it.each([
    ['with a cache, filling the output', 2, 4, 6, 10],
    ['with a cache, and room before it', 8, 1, 7, 13],
    ['with a cache of no time', 3, 4, 0, 4],
    ['without a cache, into the last slots', 2, 4, null, 9],
    ['with an empty prefix', 2, 0, 3, 5],
  ])('%s', (_, batch, prefixLength, cacheLength, capacity) => {
    const prefix = floats([prefixOffset + heads * prefixLength * headDim], (i) => i + 1);
    const cache = floats([batch, heads, cacheLength ?? 0, headDim], (i) => -i - 1);
    const out = floats([batch, heads, capacity, headDim], (i) => i + 0.5);
    const before = { ...out, data: out.data.slice() };
    const given = cacheLength === null ? {} : { cache };
    kernels.prefixConcat({ prefix, prefixOffset, prefixLength, out, ...given });
    for (const [b, h, slot, d] of indices(out.dims)) {
      const t = slot - (capacity - prefixLength - (cacheLength ?? 0));
      const expected =
        t < 0
          ? at(before, b, h, slot, d)
          : t < prefixLength
            ? prefix.data[prefixOffset + (h * prefixLength + t) * headDim + d]
            : at(cache, b, h, t - prefixLength, d);
      expect(at(out, b, h, slot, d)).toBe(expected);
    }
  });
});

describe('cache_append', () => {
  it('moves each batch row on by its own number of tokens, and reads no padding', () => {
    const counts = [3, 1, 0, 9, -1];
    const rows = floats([5, 2, 3, 4], (i) => i + 1);
    const cache = floats([5, 2, 6, 4], (i) => -i - 1);
    const out = floats([5, 2, 6, 4], () => 0);
    kernels.cacheAppend({ rows, cache, counts: ints(...counts), out });
    for (const [b, h, slot, d] of indices(out.dims)) {
      const from = slot + ([3, 1, 0, 3, 0][b] ?? 0);
      expect(at(out, b, h, slot, d)).toBe(from < 6 ? at(cache, b, h, from, d) : at(rows, b, h, from - 6, d));
    }
  });

  it('keeps the last of more new tokens than there are slots', () => {
    const rows = floats([1, 1, 5, 1], (i) => i + 1);
    const out = floats([1, 1, 2, 1], () => 0);
    kernels.cacheAppend({ rows, cache: floats([1, 1, 2, 1], () => -1), counts: ints(4), out });
    expect([...out.data]).toEqual([3, 4]);
  });
});

describe('accumulate', () => {
  it('adds by default', () => {
    const into = floats([4], (i) => i);
    kernels.accumulate({ into, from: floats([4], (i) => 10 * i) });
    expect([...into.data]).toEqual([0, 11, 22, 33]);
  });

  it('keeps and scales, in slices', () => {
    const into = floats([5], () => 8);
    const from = floats([2, 3], (i) => i);
    kernels.accumulate({ into, from, keep: 0.5, scale: -2, intoOffset: 1, fromOffset: 2, count: 3 });
    expect([...into.data]).toEqual([8, 4 - 4, 4 - 6, 4 - 8, 8]);
  });

  it('forgets even NaN where a new sum starts', () => {
    const into = floats([3], () => Number.NaN);
    kernels.accumulate({ into, from: floats([3], (i) => i), keep: 0 });
    expect([...into.data]).toEqual([0, 1, 2]);
  });
});

describe('grad_norm', () => {
  const normOf = (values: number[]) => {
    const norm = floats([1], () => -1);
    kernels.gradNorm({ gradient: floats([values.length], (i) => values[i] ?? 0), norm });
    return norm.data[0];
  };
  it('is the length of the vector', () => {
    expect(normOf([3, -4])).toBe(5);
    expect(normOf([2, 3, 6])).toBe(7);
    expect(normOf([])).toBe(0);
  });
  it('is not finite where the gradient is not, or its squares overflow', () => {
    expect(normOf([1, Number.NaN, Infinity])).toBeNaN();
    expect(normOf([1, -Infinity])).toBe(Infinity);
    expect(normOf([1e20])).toBe(Infinity);
  });
});

describe('adamw', () => {
  const options = { learningRate: 0.05, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 };
  const start = () => ({
    parameters: floats([3], (i) => [0.5, -1, 2][i] ?? 0),
    m: floats([3], () => 0),
    v: floats([3], () => 0),
  });

  it('follows the definition of Loshchilov & Hutter over several steps, the moments as explicit sums', () => {
    const gradients = [
      [0.3, -0.2, 0.1],
      [-0.1, 0.4, 0.2],
      [0.05, 0.1, -0.3],
    ];
    const state = start();
    for (const [index, values] of gradients.entries()) {
      const gradient = floats([3], (i) => values[i] ?? 0);
      kernels.adamw({ ...state, gradient, norm: floats([1], () => 1), step: index + 1, maxNorm: Infinity, ...options });
    }
    const { learningRate: lr, beta1, beta2, epsilon, weightDecay } = options;
    const expected = [0.5, -1, 2].map((initial, i) => {
      let theta = initial;
      for (let t = 1; t <= 3; t++) {
        const past = gradients.slice(0, t).map((values) => values[i] ?? 0);
        const mean = past.reduce((sum, g, k) => sum + (1 - beta1) * beta1 ** (t - 1 - k) * g, 0);
        const square = past.reduce((sum, g, k) => sum + (1 - beta2) * beta2 ** (t - 1 - k) * g * g, 0);
        const update = mean / (1 - beta1 ** t) / (Math.sqrt(square / (1 - beta2 ** t)) + epsilon);
        theta -= lr * (update + weightDecay * theta);
      }
      return theta;
    });
    for (const [i, value] of expected.entries()) expect(state.parameters.data[i]).toBeCloseTo(value, 6);
  });

  it('clips to the norm it is given', () => {
    const [clipped, scaled] = [start(), start()];
    const update = (state: ReturnType<typeof start>, factor: number, norm: number): AdamW => ({
      ...state,
      gradient: floats([3], (i) => factor * (i - 1)),
      norm: floats([1], () => norm),
      step: 1,
      maxNorm: 2,
      ...options,
      epsilon: 1,
    });
    kernels.adamw(update(clipped, 1, 8));
    kernels.adamw(update(scaled, 2 / (8 + 1e-6), 0));
    for (const name of ['parameters', 'm', 'v'] as const) {
      for (let i = 0; i < 3; i++) expect(clipped[name].data[i]).toBeCloseTo(scaled[name].data[i] ?? 0, 6);
    }
    expect(clipped.m.data[2]).toBeCloseTo(0.1 * 0.25, 6);
  });

  it.each([Number.NaN, Infinity])('changes nothing where the norm is %f', (norm) => {
    const state = start();
    const gradient = floats([3], () => Number.NaN);
    kernels.adamw({ ...state, gradient, norm: floats([1], () => norm), step: 1, maxNorm: 1, ...options });
    expect(state).toEqual(start());
  });
});

describe('every kernel refuses what does not fit, with the sizes', () => {
  const rows = floats([2, 3, 1, 4], () => 0);
  const cache = floats([2, 3, 8, 4], () => 0);
  const flat = floats([24], () => 0);
  const halves = (dims: number[]): HostTensor => ({
    location: 'host',
    dataType: 'float16',
    dims,
    data: new Uint16Array(dims.reduce((a, b) => a * b)),
  });
  const one = floats([1], () => 0);
  const concat = { prefix: flat, prefixOffset: 0, prefixLength: 2 };
  const adamw = { step: 1, learningRate: 1, beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, maxNorm: 1 };
  const fresh = () => floats([24], () => 0);
  const append = { rows, cache, counts: ints(1, 1), out: floats([2, 3, 8, 4], () => 0) };
  it.each<[string, RegExp, () => void]>([
    [
      'a prefix and cache longer than the output',
      /2 \+ cache 8 exceed the 8 slots/,
      () => kernels.prefixConcat({ ...concat, cache, out: floats([2, 3, 8, 4], () => 0) }),
    ],
    [
      'a prefix beyond its buffer',
      /24 elements at offset 1 exceed the 24/,
      () => kernels.prefixConcat({ ...concat, prefixOffset: 1, out: cache }),
    ],
    [
      'a prefix at half an element',
      /prefixOffset 0.5/,
      () => kernels.prefixConcat({ ...concat, prefixOffset: 0.5, out: cache }),
    ],
    [
      'a cache of other heads',
      /\[2, 5, 1, 4\] does not fit out \[2, 3, 8, 4\]/,
      () => kernels.prefixConcat({ ...concat, cache: floats([2, 5, 1, 4], () => 0), out: cache }),
    ],
    ['an output that is also the cache', /same memory/, () => kernels.prefixConcat({ ...concat, cache, out: cache })],
    [
      'an output of rank three',
      /\[2, 3, 4\] is not \[batch/,
      () => kernels.prefixConcat({ ...concat, out: floats([2, 3, 4], () => 0) }),
    ],
    [
      'new rows of another batch',
      /\[1, 3, 1, 4\] do not fit cache \[2, 3, 8, 4\]/,
      () => kernels.cacheAppend({ ...append, rows: floats([1, 3, 1, 4], () => 0) }),
    ],
    ['counts for other rows', /counts \[3\]/, () => kernels.cacheAppend({ ...append, counts: ints(0, 0, 0) })],
    ['an appended cache that is also read', /same memory/, () => kernels.cacheAppend({ ...append, out: cache })],
    [
      'an appended cache of another size',
      /out \[2, 3, 9, 4\] is not of the shape of cache/,
      () => kernels.cacheAppend({ ...append, out: floats([2, 3, 9, 4], () => 0) }),
    ],
    [
      'new rows of another type than the cache',
      /rows \[2, 3, 1, 4\] is float32, not float16/,
      () => kernels.cacheAppend({ ...append, cache: halves([2, 3, 8, 4]) }),
    ],
    [
      'a cache of float16 whose rows fill no whole words',
      /float16 with an odd headDim/,
      () => kernels.prefixConcat({ ...concat, out: halves([2, 3, 8, 5]) }),
    ],
    [
      'counts that are floats',
      /counts \[1\] is float32, not int32/,
      () => kernels.cacheAppend({ ...append, counts: one }),
    ],
    [
      'a sum beyond its end',
      /24 elements at offset 3 exceed the 24 of into/,
      () => kernels.accumulate({ into: fresh(), from: flat, intoOffset: 3 }),
    ],
    [
      'a sum from beyond the end',
      /exceed the 24 of from/,
      () => kernels.accumulate({ into: fresh(), from: flat, fromOffset: 20, count: 5 }),
    ],
    ['an offset past the end', /count -1/, () => kernels.accumulate({ into: fresh(), from: flat, fromOffset: 25 })],
    ['a norm of two elements', /norm \[2\]/, () => kernels.gradNorm({ gradient: flat, norm: floats([2], () => 0) })],
    [
      'moments of another size',
      /v \[1\] does not hold 24 elements/,
      () => kernels.adamw({ ...adamw, parameters: fresh(), gradient: flat, m: fresh(), v: one, norm: one }),
    ],
    [
      'a step before the first',
      /step 0/,
      () =>
        kernels.adamw({ ...adamw, step: 0, parameters: fresh(), gradient: flat, m: fresh(), v: fresh(), norm: one }),
    ],
  ])('%s', (_, message, call) => {
    expect(call).toThrow(DeviceError);
    expect(call).toThrow(message);
  });
});
