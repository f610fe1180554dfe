/**
 * What every kernel asks of its tensors, in one place for both devices: each check returns the sizes the kernel needs or
 * throws a DeviceError that names them. It reads shapes only, never values.
 */
import { DeviceError } from '../errors';
import type { DataType } from '../onnx';
import type { DeviceTensor } from '../runtime/backend';
import type { Accumulate, AdamW, CacheAppend, GradNorm, PrefixConcat } from './types';

export interface PrefixConcatSizes {
  batch: number;
  heads: number;
  prefixLength: number;
  cacheLength: number;
  capacity: number;
  headDim: number;
  prefixOffset: number;
}

export interface CacheAppendSizes {
  batch: number;
  heads: number;
  newLength: number;
  capacity: number;
  headDim: number;
}

export interface AccumulateSizes {
  count: number;
  intoOffset: number;
  fromOffset: number;
}

export function checkPrefixConcat(args: PrefixConcat): PrefixConcatSizes {
  const { prefix, prefixOffset, prefixLength, cache, out } = args;
  const kernel = 'prefix_concat';
  cacheTyped(kernel, 'out', out);
  const [batch, heads, capacity, headDim] = rank4(kernel, 'out', out);
  if (cache) ofType(kernel, 'cache', cache, out.dataType);
  const [cacheBatch, cacheHeads, cacheLength, cacheHeadDim] = cache
    ? rank4(kernel, 'cache', cache)
    : [batch, heads, 0, headDim];
  ofType(kernel, 'prefix', prefix, 'float32');
  wholeNumbers(kernel, { prefixOffset, prefixLength });
  apart(kernel, { out }, cache ? { prefix, cache } : { prefix });
  if (cacheBatch !== batch || cacheHeads !== heads || cacheHeadDim !== headDim) {
    fail(kernel, `cache ${shape(cache)} does not fit out ${shape(out)}`);
  }
  if (prefixLength + cacheLength > capacity) {
    fail(kernel, `prefix ${prefixLength} + cache ${cacheLength} exceed the ${capacity} slots of out ${shape(out)}`);
  }
  const needed = heads * prefixLength * headDim;
  if (prefixOffset + needed > elements(prefix)) {
    fail(kernel, `${needed} elements at offset ${prefixOffset} exceed the ${elements(prefix)} of prefix`);
  }
  return { batch, heads, prefixLength, cacheLength, capacity, headDim, prefixOffset };
}

export function checkCacheAppend({ rows, cache, counts, out }: CacheAppend): CacheAppendSizes {
  const kernel = 'cache_append';
  cacheTyped(kernel, 'cache', cache);
  ofType(kernel, 'rows', rows, cache.dataType);
  ofType(kernel, 'out', out, cache.dataType);
  const [batch, heads, newLength, headDim] = rank4(kernel, 'rows', rows);
  const [cacheBatch, cacheHeads, capacity, cacheHeadDim] = rank4(kernel, 'cache', cache);
  apart(kernel, { out }, { rows, cache, counts });
  if (cacheBatch !== batch || cacheHeads !== heads || cacheHeadDim !== headDim) {
    fail(kernel, `rows ${shape(rows)} do not fit cache ${shape(cache)}`);
  }
  if (out.dims.join() !== cache.dims.join())
    fail(kernel, `out ${shape(out)} is not of the shape of cache ${shape(cache)}`);
  ofType(kernel, 'counts', counts, 'int32');
  if (elements(counts) !== batch) fail(kernel, `counts ${shape(counts)} is not one number for each of ${batch} rows`);
  return { batch, heads, newLength, capacity, headDim };
}

export function checkAccumulate(args: Accumulate): AccumulateSizes {
  const { into, from, intoOffset = 0, fromOffset = 0 } = args;
  const kernel = 'accumulate';
  ofType(kernel, 'into', into, 'float32');
  ofType(kernel, 'from', from, 'float32');
  const count = args.count ?? elements(from) - fromOffset;
  wholeNumbers(kernel, { intoOffset, fromOffset, count });
  apart(kernel, { into }, { from });
  if (fromOffset + count > elements(from)) {
    fail(kernel, `${count} elements at offset ${fromOffset} exceed the ${elements(from)} of from`);
  }
  if (intoOffset + count > elements(into)) {
    fail(kernel, `${count} elements at offset ${intoOffset} exceed the ${elements(into)} of into`);
  }
  return { count, intoOffset, fromOffset };
}

export function checkGradNorm({ gradient, norm }: GradNorm): { count: number } {
  ofType('grad_norm', 'gradient', gradient, 'float32');
  ofType('grad_norm', 'norm', norm, 'float32');
  apart('grad_norm', { norm }, { gradient });
  if (elements(norm) !== 1) fail('grad_norm', `norm ${shape(norm)} is not one element`);
  return { count: elements(gradient) };
}

export function checkAdamW({ parameters, gradient, m, v, norm, step }: AdamW): { count: number } {
  const kernel = 'adamw';
  const count = elements(parameters);
  for (const [name, tensor] of Object.entries({ parameters, gradient, m, v, norm })) {
    ofType(kernel, name, tensor, 'float32');
    const expected = name === 'norm' ? 1 : count;
    if (elements(tensor) !== expected) fail(kernel, `${name} ${shape(tensor)} does not hold ${expected} elements`);
  }
  apart(kernel, { parameters, m, v }, { gradient, norm });
  if (!Number.isSafeInteger(step) || step < 1) fail(kernel, `step ${step} is not 1 or more`);
  return { count };
}

function elements(tensor: DeviceTensor): number {
  return tensor.dims.reduce((product, dim) => product * dim, 1);
}

function rank4(kernel: string, name: string, tensor: DeviceTensor): [number, number, number, number] {
  const [batch, heads, time, headDim, ...more] = tensor.dims;
  if (batch === undefined || heads === undefined || time === undefined || headDim === undefined || more.length > 0) {
    return fail(kernel, `${name} ${shape(tensor)} is not [batch, kvHeads, time, headDim]`);
  }
  return [batch, heads, time, headDim];
}

/** A cache holds float32, or float16 where its rows fill whole 32-bit words. */
function cacheTyped(kernel: string, name: string, tensor: DeviceTensor): void {
  if (tensor.dataType !== 'float16') ofType(kernel, name, tensor, 'float32');
  else if ((tensor.dims.at(-1) ?? 0) % 2 !== 0) fail(kernel, `${name} ${shape(tensor)} is float16 with an odd headDim`);
}

/** 32-bit words that this many elements of a cache take. */
export const wordsOf = (dataType: DataType, elements: number): number =>
  dataType === 'float16' ? elements / 2 : elements;

function ofType(kernel: string, name: string, tensor: DeviceTensor, dataType: DataType): void {
  if (tensor.dataType !== dataType) fail(kernel, `${name} ${shape(tensor)} is ${tensor.dataType}, not ${dataType}`);
}

function wholeNumbers(kernel: string, values: Record<string, number>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isSafeInteger(value) || value < 0) fail(kernel, `${name} ${value} is not a whole number from 0 on`);
  }
}

/** No written tensor may share its memory with another argument. */
function apart(kernel: string, written: Record<string, DeviceTensor>, read: Record<string, DeviceTensor>): void {
  const all = Object.entries({ ...read, ...written });
  for (const [name, tensor] of Object.entries(written)) {
    const shared = all.find(([other, it]) => other !== name && overlap(it, tensor));
    if (shared) fail(kernel, `${name} ${shape(tensor)} and ${shared[0]} ${shape(shared[1])} are the same memory`);
  }
}

function overlap(a: DeviceTensor, b: DeviceTensor): boolean {
  if (a.location === 'gpu') return b.location === 'gpu' && a.buffer === b.buffer;
  if (b.location === 'gpu') return false;
  const [x, y] = [a.data, b.data];
  return (
    x.buffer === y.buffer && x.byteOffset < y.byteOffset + y.byteLength && y.byteOffset < x.byteOffset + x.byteLength
  );
}

function shape(tensor: DeviceTensor | undefined): string {
  return tensor ? `[${tensor.dims.join(', ')}]` : '(absent)';
}

function fail(kernel: string, message: string): never {
  throw new DeviceError(`Kernel ${kernel}: ${message}.`);
}
