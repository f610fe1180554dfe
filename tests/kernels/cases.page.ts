/** Runs in the page: the calls that the browser tests compare, from plain numbers. */

import { createKernels } from '../../src/kernels';
import { Dispatcher } from '../../src/kernels/dispatch';
import type { Difference } from './compare.page';
import { compare, device, ints, randomBits, randomFloats, randomHalves, readWords, toGpu } from './compare.page';

export interface CacheCase {
  seed: number;
  batch: number;
  heads: number;
  headDim: number;
  /** P. */
  prefixLength: number;
  /** T; null for no cache at all. */
  cacheLength: number | null;
  /** C. */
  capacity: number;
  prefixOffset: number;
  /** Cache and output hold float16; else float32. */
  half?: boolean;
}

export function prefixConcat(it: CacheCase): Promise<Difference> {
  const { seed, batch, heads, headDim, prefixLength, prefixOffset, capacity } = it;
  const random = it.half ? randomHalves : randomBits;
  const prefixDims = [prefixOffset + heads * prefixLength * headDim + 5];
  const inputs = {
    // Numbers where they are rounded to float16, to the nearest on both sides; any bits where they are copied.
    prefix: it.half ? randomFloats(seed, prefixDims, 3) : randomBits(seed, prefixDims),
    cache: random(seed + 1, [batch, heads, it.cacheLength ?? 0, headDim]),
    out: random(seed + 2, [batch, heads, capacity, headDim]),
  };
  return compare<typeof inputs>(inputs, (kernels, { prefix, cache, out }) =>
    kernels.prefixConcat({ prefix, prefixOffset, prefixLength, out, ...(it.cacheLength === null ? {} : { cache }) }),
  );
}

export interface AppendCase {
  seed: number;
  heads: number;
  headDim: number;
  newLength: number;
  capacity: number;
  counts: number[];
  /** The cache holds float16; else float32. */
  half?: boolean;
}

export function cacheAppend(it: AppendCase): Promise<Difference> {
  const { seed, heads, headDim, newLength, capacity, counts } = it;
  const random = it.half ? randomHalves : randomBits;
  const batch = counts.length;
  const inputs = {
    rows: random(seed, [batch, heads, newLength, headDim]),
    cache: random(seed + 1, [batch, heads, capacity, headDim]),
    counts: ints(...counts),
    out: random(seed + 2, [batch, heads, capacity, headDim]),
  };
  return compare<typeof inputs>(inputs, (kernels, tensors) => kernels.cacheAppend(tensors));
}

export interface SumCase {
  seed: number;
  into: number;
  from: number;
  keep?: number;
  scale?: number;
  intoOffset?: number;
  fromOffset?: number;
  count?: number;
  /** `into` starts as NaN. */
  poisoned?: boolean;
}

export function accumulate({ seed, into, from, poisoned, ...options }: SumCase): Promise<Difference> {
  const inputs = { into: randomFloats(seed, [into]), from: randomFloats(seed + 1, [from]) };
  if (poisoned) inputs.into.values.fill(Number.NaN);
  return compare(inputs, (kernels, tensors) => kernels.accumulate({ ...tensors, ...options }));
}

export interface NormCase {
  seed: number;
  count: number;
  scale?: number;
  /** Element and value to put there. */
  planted?: [number, number][];
}

function gradientOf({ seed, count, scale = 1, planted = [] }: NormCase) {
  const gradient = randomFloats(seed, [count], scale);
  for (const [index, value] of planted) gradient.values[index] = value;
  return gradient;
}

export function gradNorm(it: NormCase): Promise<Difference> {
  return compare({ gradient: gradientOf(it), norm: randomFloats(0, [1]) }, (kernels, tensors) =>
    kernels.gradNorm(tensors),
  );
}

/** The norm alone, from the GPU: NaN and infinities compare badly as bits. */
export async function gpuNorm(it: NormCase): Promise<number> {
  const gpu = await device();
  const kernels = await createKernels({ kind: 'webgpu', device: gpu });
  const { dims, values } = gradientOf(it);
  const gradient = toGpu(gpu, dims, values);
  const norm = toGpu(gpu, [1], Float32Array.of(1));
  kernels.gradNorm({ gradient, norm });
  const words = await readWords(gpu, norm);
  kernels.dispose();
  return new Float32Array(words.buffer)[0] ?? 0;
}

export interface AdamWCase extends NormCase {
  steps: number;
  maxNorm: number;
  weightDecay: number;
}

const rates = { learningRate: 2e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Several steps on one gradient, norm and all. */
export function adamw({ steps, maxNorm, weightDecay, ...it }: AdamWCase): Promise<Difference> {
  const zeros = () => ({ dims: [it.count], values: new Float32Array(it.count) });
  const inputs = {
    parameters: randomFloats(it.seed + 1, [it.count]),
    gradient: gradientOf(it),
    m: zeros(),
    v: zeros(),
    norm: randomFloats(0, [1]),
  };
  return compare(inputs, (kernels, tensors) => {
    for (let step = 1; step <= steps; step++) {
      kernels.gradNorm(tensors);
      kernels.adamw({ ...tensors, step, maxNorm, weightDecay, ...rates });
    }
  });
}

/** How many 32-bit words of parameters and moments an update with this gradient changes on the GPU. */
export async function wordsChangedBy(planted: [number, number][]): Promise<number> {
  const gpu = await device();
  const kernels = await createKernels({ kind: 'webgpu', device: gpu });
  const count = 777;
  const before = [1, 2, 3].map((seed) => randomFloats(seed, [count]).values.map(Math.abs));
  const [parameters, m, v] = before.map((values) => toGpu(gpu, [count], values));
  if (!parameters || !m || !v) throw new Error('unreachable');
  const gradient = toGpu(gpu, [count], gradientOf({ seed: 4, count, planted }).values);
  const norm = toGpu(gpu, [1], Float32Array.of(1));
  kernels.gradNorm({ gradient, norm });
  kernels.adamw({ parameters, m, v, gradient, norm, step: 3, maxNorm: 1, weightDecay: 0.01, ...rates });
  let changed = 0;
  for (const [index, tensor] of [parameters, m, v].entries()) {
    const old = new Uint32Array(before[index]?.buffer ?? new ArrayBuffer(0));
    const words = await readWords(gpu, tensor);
    changed += words.filter((word, i) => word !== old[i]).length;
  }
  kernels.dispose();
  return changed;
}

/** `calls` sums into slices of one tensor, as one batch: more of them than the uniforms have slots. */
export function batchOfSums(calls: number): Promise<Difference> {
  const inputs = { into: randomFloats(1, [calls]), from: randomFloats(2, [calls]) };
  return compare(inputs, (kernels, tensors) =>
    kernels.batch(() => {
      for (let i = 0; i < calls; i++) {
        kernels.accumulate({ ...tensors, intoOffset: i, fromOffset: calls - 1 - i, count: 1, scale: 1 + i / calls });
      }
    }),
  );
}

/** Buffers made by the kernels: at creation, by 100 rounds of calls, and what is alive after `dispose`. */
export async function buffersMade(): Promise<{ atStart: number; byCalls: number; leftOver: number }> {
  const gpu = await device();
  const into = toGpu(gpu, [64], new Float32Array(64));
  const from = toGpu(gpu, [64], new Float32Array(64));
  const norm = toGpu(gpu, [1], new Float32Array(1));
  let made = 0;
  let alive = 0;
  const counting = new Proxy(gpu, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (name !== 'createBuffer') return typeof value === 'function' ? value.bind(target) : value;
      return (descriptor: GPUBufferDescriptor) => {
        const buffer = target.createBuffer(descriptor);
        const destroy = buffer.destroy.bind(buffer);
        made++;
        alive++;
        buffer.destroy = () => {
          alive--;
          destroy();
        };
        return buffer;
      };
    },
  });
  const kernels = await createKernels({ kind: 'webgpu', device: counting });
  const atStart = made;
  for (let i = 0; i < 100; i++) {
    kernels.accumulate({ into, from });
    kernels.gradNorm({ gradient: into, norm });
  }
  const byCalls = made - atStart;
  kernels.dispose();
  return { atStart, byCalls, leftOver: alive };
}

/** The message of the error that a call with a tensor on the wrong device throws. */
export async function hostTensorMessage(): Promise<string> {
  const kernels = await createKernels({ kind: 'webgpu', device: await device() });
  const tensor = () => ({
    location: 'host' as const,
    dataType: 'float32' as const,
    dims: [3],
    data: new Float32Array(3),
  });
  try {
    kernels.accumulate({ into: tensor(), from: tensor() });
    return 'nothing was thrown';
  } catch (error) {
    return String(error);
  } finally {
    kernels.dispose();
  }
}

/** What a device that refuses a kernel is reported as. */
export async function refusedKernelMessage(): Promise<string> {
  const gpu = await device();
  const dispatcher = new Dispatcher(gpu);
  gpu.pushErrorScope('validation');
  try {
    await dispatcher.compile('broken', 'const x: u32 =\n -;', ['read']);
    return 'nothing was thrown';
  } catch (error) {
    return String(error);
  } finally {
    await gpu.popErrorScope();
    dispatcher.dispose();
  }
}
