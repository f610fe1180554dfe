/**
 * The vocabulary in which lowerings and gradient rules are written: one method per primitive operation, in ONNX opset 21
 * form, that leaves out what would do nothing (a reshape to the same shape, a concat of one tensor).
 */
import { type Attribute, type DataType, dataTypeOfCode, dataTypes } from '../onnx';
import { float, int, ints, intsOf } from './attributes';
import type { EmitOptions, GraphBuilder } from './builder';
import { axisOf, broadcastDims, dimAt, sameDims, sizeOf, withDim } from './shapes';
import type { Attributes, Value } from './types';

export interface MatMulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

export const MICROSOFT = 'com.microsoft';

export type Reduction = 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd';

export class Ops {
  constructor(readonly builder: GraphBuilder) {}

  get target() {
    return this.builder.target;
  }

  emit(opType: string, inputs: readonly (Value | null)[], attributes: Attributes = {}, options?: EmitOptions): Value {
    return this.builder.emit(opType, inputs, attributes, options)[0] as Value;
  }

  scalar(value: number, dataType: DataType = 'float32'): Value {
    return this.builder.literal(dataType, [], [value]);
  }

  int64(values: readonly number[]): Value {
    return this.builder.literal('int64', [values.length], values);
  }

  add = (a: Value, b: Value): Value => this.emit('Add', [a, b]);
  sub = (a: Value, b: Value): Value => this.emit('Sub', [a, b]);
  mul = (a: Value, b: Value): Value => this.emit('Mul', [a, b]);
  div = (a: Value, b: Value): Value => this.emit('Div', [a, b]);
  neg = (x: Value): Value => this.emit('Neg', [x]);
  exp = (x: Value): Value => this.emit('Exp', [x]);
  log = (x: Value): Value => this.emit('Log', [x]);
  sqrt = (x: Value): Value => this.emit('Sqrt', [x]);
  tanh = (x: Value): Value => this.emit('Tanh', [x]);
  reciprocal = (x: Value): Value => this.emit('Reciprocal', [x]);
  equal = (a: Value, b: Value): Value => this.emit('Equal', [a, b]);
  where = (condition: Value, a: Value, b: Value): Value => this.emit('Where', [condition, a, b]);

  /** Along the last axis. */
  softmax(x: Value): Value {
    return this.emit('Softmax', [x], { axis: int(-1) });
  }

  scale(x: Value, factor: number): Value {
    return factor === 1 ? x : this.mul(x, this.scalar(factor));
  }

  cast(x: Value, dataType: DataType): Value {
    return x.dataType === dataType ? x : this.emit('Cast', [x], { to: int(dataTypes[dataType].code) });
  }

  /**
   * int64 numbers from 0 to below `limit` as float32. Where int64 cannot be cast they are looked up in a table of the
   * numbers: a Cast on the CPU would make every run wait until the GPU has caught up.
   */
  fromInt64(x: Value, limit: number): Value {
    if (this.target.int64 || x.literal) return this.cast(x, 'float32');
    const table = Float32Array.from({ length: limit }, (_, i) => i);
    return this.gather(this.builder.literal('float32', [limit], table), x);
  }

  /** A reshape; of a weight it is only another view of the same bytes. One dim may be -1. */
  reshape(x: Value, dims: readonly number[]): Value {
    const known = dims.reduce((size, dim) => (dim === -1 ? size : size * dim), 1);
    const full = dims.map((dim) => (dim === -1 ? sizeOf(x.dims) / Math.max(known, 1) : dim));
    if (sizeOf(full) !== sizeOf(x.dims)) {
      throw new RangeError(`[${x.dims.join(', ')}] does not reshape to [${dims.join(', ')}]`);
    }
    if (sameDims(full, x.dims)) return x;
    const stored = beforeCast(x);
    if (stored) return this.cast(this.reshape(stored, full), x.dataType);
    if (x.source.kind === 'weight') return this.builder.weight({ ...x.source.view, dims: full });
    return this.emit('Reshape', [x, this.int64(full)]);
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return perm.every((axis, i) => axis === i) ? x : this.emit('Transpose', [x], { perm: ints(perm) });
  }

  /** Swaps the last two axes. */
  swapLast(x: Value): Value {
    const perm = x.dims.map((_, i) => i);
    const last = perm.length - 1;
    [perm[last - 1], perm[last]] = [last, last - 1];
    return this.transpose(x, perm);
  }

  concat(values: readonly Value[], axis: number): Value {
    const parts = values.filter((value) => dimAt(value.dims, axis) > 0);
    const first = parts[0] ?? (values[0] as Value);
    if (parts.length <= 1) return first;
    if (parts.length > this.target.maxParts) {
      const joined = groupsOf(parts, this.target.maxParts).map((group) => this.concat(group, axis));
      return this.concat(joined, axis);
    }
    return this.emit('Concat', parts, { axis: int(axisOf(axis, first.dims.length)) });
  }

  split(x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
    if (sizes.length === 1) return [x];
    if (sizes.length > this.target.maxParts) {
      const groups = groupsOf(sizes, this.target.maxParts);
      const coarse = this.split(x, axis, groups.map(sumOf));
      return groups.flatMap((group, i) => this.split(coarse[i] as Value, axis, group));
    }
    return this.builder.emit(
      'Split',
      [x, this.int64(sizes)],
      { axis: int(axisOf(axis, x.dims.length)) },
      { outputs: sizes.length },
    );
  }

  /** Elements `start` (included) to `end` (excluded) of one axis. */
  slice(x: Value, axis: number, start: number, end: number): Value {
    if (start === 0 && end === dimAt(x.dims, axis)) return x;
    return this.emit('Slice', [x, this.int64([start]), this.int64([end]), this.int64([axisOf(axis, x.dims.length)])]);
  }

  expand(x: Value, dims: readonly number[]): Value {
    const full = broadcastDims(x.dims, dims);
    return sameDims(full, x.dims) ? x : this.emit('Expand', [x, this.int64(full)]);
  }

  /** Of a weight that is cast, the elements are taken first: a table is large, and few of its rows are looked up. */
  gather(x: Value, indices: Value, axis = 0): Value {
    const stored = beforeCast(x);
    if (stored) return this.cast(this.gather(stored, indices, axis), x.dataType);
    return this.emit('Gather', [x, indices], { axis: int(axis) });
  }

  reduce(kind: Reduction, x: Value, axes: readonly number[], keepDims = true): Value {
    if (axes.length === 0) return x;
    const positive = axes.map((axis) => axisOf(axis, x.dims.length));
    if (positive.every((axis) => x.dims[axis] === 1)) {
      return keepDims
        ? x
        : this.reshape(
            x,
            x.dims.filter((_, i) => !positive.includes(i)),
          );
    }
    return this.emit(kind, [x, this.int64(positive)], { keepdims: int(keepDims ? 1 : 0) });
  }

  /** Sums a gradient over the axes along which its operand was broadcast. */
  sumTo(x: Value, dims: readonly number[]): Value {
    if (sameDims(x.dims, dims)) return x;
    const shift = x.dims.length - dims.length;
    const axes = x.dims.flatMap((dim, i) => (i < shift || (dims[i - shift] === 1 && dim !== 1) ? [i] : []));
    return this.reshape(this.reduce('ReduceSum', x, axes), dims);
  }

  /** alpha · op(A) · op(B) over the last two axes, leading axes broadcast. */
  matmul(a: Value, b: Value, { transA = false, transB = false, alpha = 1 }: MatMulOptions = {}): Value {
    if (!transA && !transB && alpha === 1) return this.emit('MatMul', [a, b]);
    if (this.target.fusedMatMul) {
      const attributes: Record<string, Attribute> = {
        transA: int(transA ? 1 : 0),
        transB: int(transB ? 1 : 0),
        alpha: float(alpha),
      };
      return this.emit('FusedMatMul', [a, b], attributes, { domain: MICROSOFT });
    }
    const product = this.emit('MatMul', [transA ? this.swapLast(a) : a, transB ? this.swapLast(b) : b]);
    return this.scale(product, alpha);
  }

  /** X · Wᵀ for X [..., K] and W [N, K], or X · W for W [K, N] (`transposed: false`). @returns [..., N] */
  linear(x: Value, w: Value, transposed = true): Value {
    const untransposed = beforeTranspose(w);
    if (untransposed) return this.linear(x, untransposed, !transposed);
    const k = dimAt(x.dims, -1);
    const n = dimAt(w.dims, transposed ? 0 : 1);
    const rows = this.reshape(x, [-1, k]);
    const product = this.emit('Gemm', [rows, w, null], transposed ? { transB: int(1) } : {});
    return this.reshape(product, withDim(x.dims, -1, n));
  }

  /** [batch, time, heads · headDim] → [batch, heads, time, headDim] */
  splitHeads(x: Value, heads: number): Value {
    const [batch, time, width] = x.dims as [number, number, number];
    return this.transpose(this.reshape(x, [batch, time, heads, width / heads]), [0, 2, 1, 3]);
  }

  /** [batch, heads, time, headDim] → [batch, time, heads · headDim] */
  mergeHeads(x: Value): Value {
    const [batch, heads, time, headDim] = x.dims as [number, number, number, number];
    return this.reshape(this.transpose(x, [0, 2, 1, 3]), [batch, time, heads * headDim]);
  }
}

/** The weight that a value is a cast of, if it is one. */
function beforeCast({ source }: Value): Value | null {
  if (source.kind !== 'node' || source.node.opType !== 'Cast') return null;
  const input = source.node.inputs[0];
  return input?.source.kind === 'weight' ? input : null;
}

/** The matrix that a value is the transpose of: a product reads it either way, and a tied table need not be copied. */
function beforeTranspose({ source }: Value): Value | null {
  if (source.kind !== 'node' || source.node.opType !== 'Transpose') return null;
  const isSwap = intsOf(source.node.attributes, 'perm')?.join() === '1,0';
  return isSwap ? (source.node.inputs[0] ?? null) : null;
}

const sumOf = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);

/** At most `count` groups of neighbours, as even as can be. */
function groupsOf<T>(items: readonly T[], count: number): T[][] {
  const size = Math.ceil(items.length / count);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** @param code TensorProto.DataType, as in the attribute `to` of Cast */
export function dataTypeFromCode(code: number): DataType {
  const dataType = dataTypeOfCode(code);
  if (!dataType) throw new RangeError(`element type ${code}`);
  return dataType;
}
