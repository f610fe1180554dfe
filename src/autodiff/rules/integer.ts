/**
 * Linear quantisation and the int8 chains made of it. Weights dequantise exactly. The rounding of activations is taken
 * straight through (Bengio et al. 2013), as if it were the identity: quantised activations stay float32 numbers here.
 */

import type { DataType } from '../../onnx';
import { int, intOf } from '../attributes';
import { dataTypeFromCode, MICROSOFT, type Ops } from '../ops';
import { axisOf, dimAt, sizeOf } from '../shapes';
import type { LowerContext, RuleTable, Value } from '../types';
import { literalOf } from './known';
import { isInteger } from './pointwise';

type Optional = Value | null | undefined;

const isZero = (value: Optional): boolean =>
  !value || (value.literal !== null && Array.from(value.literal).every((x) => x === 0));

/** Integers as float32; int8 passes through nothing but DequantizeLinear on every device. */
const asFloats = (ops: Ops, x: Value): Value => (isInteger(x) ? ops.emit('DequantizeLinear', [x, ops.scalar(1)]) : x);

/** A scale or zero point, one for all or one per index of an axis, in a shape that broadcasts to [dims]. */
function alongAxis(ops: Ops, value: Value, rank: number, axis: number): Value {
  if (sizeOf(value.dims) === 1) return ops.reshape(value, []);
  if (value.dims.length !== 1) throw new RangeError('activations quantised in blocks');
  return ops.reshape(
    value,
    Array.from({ length: rank }, (_, i) => (i === axis ? -1 : 1)),
  );
}

/** (x − zero) · scale of integers, or of activations that were never rounded. */
function dequantise(ops: Ops, x: Value, scale: Optional, zero: Optional, axis: number): Value {
  if (isInteger(x)) {
    const shared = sizeOf(scale?.dims ?? []) === 1 && sizeOf(zero?.dims ?? []) === 1;
    const dims = shared ? [] : [dimAt(x.dims, axis)];
    const spread = (value: Value) => (shared ? ops.reshape(value, []) : ops.expand(ops.reshape(value, [-1]), dims));
    const inputs = [x, spread(scale ?? ops.scalar(1)), ...(zero ? [spread(zero)] : [])];
    return ops.emit('DequantizeLinear', inputs, shared ? {} : { axis: int(axisOf(axis, x.dims.length)) });
  }
  const at = axisOf(axis, x.dims.length);
  const centred = isZero(zero) ? x : ops.sub(x, alongAxis(ops, asFloats(ops, zero as Value), x.dims.length, at));
  return scale && !(scale.literal && scale.literal[0] === 1 && scale.literal.length === 1)
    ? ops.mul(centred, alongAxis(ops, scale, x.dims.length, at))
    : centred;
}

/** Smallest and largest number of an integer type. */
function rangeOf(dataType: DataType): readonly [number, number] {
  const bits = Number(/\d+$/.exec(dataType)?.[0] ?? 8);
  return dataType.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/**
 * x / scale + zero, unrounded, within the range of the integers: quantisers leave out a Relu or Clip before this, since
 * saturation does its work. No gradient where it saturates.
 */
function quantise(ops: Ops, x: Value, scale: Value, zero: Optional, axis: number, dataType: DataType): Value {
  const at = axisOf(axis, x.dims.length);
  const scaled = ops.div(x, alongAxis(ops, scale, x.dims.length, at));
  const shifted = isZero(zero)
    ? scaled
    : ops.add(scaled, alongAxis(ops, asFloats(ops, zero as Value), x.dims.length, at));
  const [low, high] = rangeOf(dataType);
  return ops.emit('Min', [ops.emit('Max', [shifted, ops.scalar(low)]), ops.scalar(high)]);
}

const product = (ops: Ops, a: Value, b: Value): Value =>
  b.dims.length === 2 ? ops.linear(a, b, false) : ops.matmul(a, b);

const plusBias = (ops: Ops, y: Value, bias: Optional): Value => (bias ? ops.add(y, bias) : y);

function lowerDequantize({ ops, node, inputs }: LowerContext): Value[] {
  const [x, scale, zero] = inputs as [Value, Value, Optional];
  const axis = intOf(node.attributes, 'axis', 1);
  if (!isInteger(x)) return [dequantise(ops, x, scale, zero, axis)];
  const blockSize = intOf(node.attributes, 'block_size', 0);
  const perAxis = sizeOf(scale.dims) > 1 || scale.dims.length > 1;
  const attributes = {
    ...(perAxis ? { axis: int(axisOf(axis, x.dims.length)) } : {}),
    ...(blockSize > 0 ? { block_size: int(blockSize) } : {}),
  };
  return [ops.emit('DequantizeLinear', [x, scale, zero ?? null], attributes)];
}

export const integer: RuleTable = {
  /** y = (q − zero) · scale of integers: no gradient. */
  DequantizeLinear: {
    infer: ({ inputs }) => [{ dataType: 'float32', dims: (inputs[0] as Value).dims }],
    evaluate: ({ inputs: [x, scale, zero] }) => {
      if (sizeOf(scale?.dims ?? []) !== 1) return null;
      const [factor, shift] = [literalOf(scale)[0] as number, literalOf(zero)[0] ?? 0];
      return [Array.from(literalOf(x), (q) => (q - shift) * factor)];
    },
    lower: lowerDequantize,
  },
  QuantizeLinear: {
    lower: ({ ops, node, inputs }) => {
      const [x, scale, zero] = inputs as [Value, Value, Optional];
      const asked = intOf(node.attributes, 'output_dtype', 0);
      const dataType = zero?.dataType ?? (asked ? dataTypeFromCode(asked) : 'uint8');
      return [quantise(ops, x, scale, zero, intOf(node.attributes, 'axis', 1), dataType)];
    },
  },
  /** The activations stay as they are, with scale 1 and zero point 0. */
  DynamicQuantizeLinear: { lower: ({ ops, inputs }) => [inputs[0] as Value, ops.scalar(1), ops.scalar(0)] },
  /** (A − zeroA) · (B − zeroB) */
  MatMulInteger: {
    lower: ({ ops, inputs }) => {
      const [a, b, zeroA, zeroB] = inputs as [Value, Value, Optional, Optional];
      return [product(ops, dequantise(ops, a, null, zeroA, -2), dequantise(ops, b, null, zeroB, -1))];
    },
  },
  /** (A − zeroA) · scaleA · (B − zeroB) · scaleB + bias */
  [`${MICROSOFT}.MatMulIntegerToFloat`]: {
    lower: ({ ops, inputs }) => {
      const [a, b, scaleA, scaleB, zeroA, zeroB, bias] = inputs as [Value, Value, ...Optional[]];
      const y = product(ops, dequantise(ops, a, scaleA, zeroA, -2), dequantise(ops, b, scaleB, zeroB, -1));
      return [plusBias(ops, y, bias)];
    },
  },
  /** A · (B − zeroB) · scaleB + bias, A rounded to 8 bits on the way. */
  [`${MICROSOFT}.DynamicQuantizeMatMul`]: {
    lower: ({ ops, inputs }) => {
      const [a, b, scaleB, zeroB, bias] = inputs as [Value, Value, ...Optional[]];
      return [plusBias(ops, product(ops, a, dequantise(ops, b, scaleB, zeroB, -1)), bias)];
    },
  },
  QLinearMatMul: {
    lower: ({ ops, inputs }) => {
      const [a, scaleA, zeroA, b, scaleB, zeroB, scaleY, zeroY] = inputs as [
        Value,
        Value,
        Value,
        Value,
        Value,
        Value,
        Value,
        Value,
      ];
      const y = product(ops, dequantise(ops, a, scaleA, zeroA, -2), dequantise(ops, b, scaleB, zeroB, -1));
      return [quantise(ops, y, scaleY, zeroY, -1, zeroY.dataType)];
    },
  },
};
