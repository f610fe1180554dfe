/** Shape arithmetic on static dims: sizes, broadcasting, axes. Pure functions, no graph. */
import type { DataType } from '../onnx';

export type Dims = readonly number[];

export const sizeOf = (dims: Dims): number => dims.reduce((size, dim) => size * dim, 1);

export const sameDims = (a: Dims, b: Dims): boolean => a.length === b.length && a.every((dim, i) => dim === b[i]);

/** @returns the axis counted from the front. */
export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

export const dimAt = (dims: Dims, axis: number): number => {
  const dim = dims[axisOf(axis, dims.length)];
  if (dim === undefined) throw new RangeError(`axis ${axis} of a tensor of rank ${dims.length}`);
  return dim;
};

export const withDim = (dims: Dims, axis: number, size: number): number[] =>
  dims.map((dim, i) => (i === axisOf(axis, dims.length) ? size : dim));

/** NumPy broadcasting of two shapes. */
export function broadcastDims(a: Dims, b: Dims): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const da = a[i - rank + a.length] ?? 1;
    const db = b[i - rank + b.length] ?? 1;
    if (da !== db && da !== 1 && db !== 1) {
      throw new RangeError(`shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
    }
    return da === 1 ? db : da;
  });
}

/** Row-major strides, in elements. */
export function stridesOf(dims: Dims): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let i = dims.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] as number) * (dims[i + 1] as number);
  return strides;
}

/** Calls `visit(flat, index)` for every element in row-major order; `index` is reused between calls. */
export function forEachIndex(dims: Dims, visit: (flat: number, index: readonly number[]) => void): void {
  const index = new Array<number>(dims.length).fill(0);
  const size = sizeOf(dims);
  for (let flat = 0; flat < size; flat++) {
    visit(flat, index);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (dims[axis] as number)) break;
      index[axis] = 0;
    }
  }
}

/** For each element of `out`, the flat position in a tensor of shape `dims` that broadcasts to it. */
export function broadcastReader(dims: Dims, out: Dims): (index: readonly number[]) => number {
  const strides = stridesOf(dims);
  const shift = out.length - dims.length;
  return (index) => {
    let flat = 0;
    for (let i = 0; i < dims.length; i++) {
      if (dims[i] !== 1) flat += (strides[i] as number) * (index[i + shift] as number);
    }
    return flat;
  };
}

const FLOATS: ReadonlySet<DataType> = new Set(['float32', 'float16', 'bfloat16', 'float64']);
const isFloat = (dataType: DataType): boolean => FLOATS.has(dataType);

/** The compiler computes in float32: every other float type of the file is retyped, here and in the weight store. */
export const computeType = (dataType: DataType): DataType => (isFloat(dataType) ? 'float32' : dataType);
