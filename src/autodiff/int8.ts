/**
 * int8 for devices that cannot be fed it: ONNX Runtime binds no GPU buffer as int8. Each number is written 128 higher, as
 * uint8, in weights (the weight store does the same), in literals and in zero points; nothing but DequantizeLinear looks
 * at the numbers, and there the two shifts cancel.
 */
import { ModelError } from '../errors';
import { sizeOf } from './shapes';
import type { EmittedNode, TensorType, Value } from './types';

const SHIFT = 128;

/** Operators that move numbers without looking at them. */
const MOVERS: ReadonlySet<string> = new Set('Gather Reshape Transpose Slice Concat Split Expand'.split(' '));

const isInt8 = (value: Value | null): boolean => value?.dataType === 'int8';

/** The type under which a value is written. */
export const shiftedType = <T extends TensorType>(type: T): T =>
  type.dataType === 'int8' ? { ...type, dataType: 'uint8' } : type;

/** @throws ModelError where an operator would see the shifted numbers */
export function shiftedNode(node: EmittedNode): EmittedNode {
  if (!node.inputs.some(isInt8)) return node;
  if (MOVERS.has(node.opType)) return node;
  if (node.opType !== 'DequantizeLinear') {
    throw new ModelError(
      `${node.opType} computes with int8 numbers, which this device does not.`,
      { node: node.origin },
      'Choose wasm as the device.',
    );
  }
  const [q, scale, zero] = node.inputs;
  return zero ? node : { ...node, inputs: [q ?? null, scale ?? null, zeroPointFor(scale as Value)] };
}

const zeroPointFor = (scale: Value): Value => ({
  name: `zero_of_${scale.name}`,
  dataType: 'int8',
  dims: scale.dims,
  source: { kind: 'literal' },
  literal: new Int8Array(sizeOf(scale.dims)),
});

/** A literal as it is written. */
export const shiftedLiteral = (value: Value): ArrayLike<number> =>
  isInt8(value) ? Array.from(value.literal ?? [], (x) => x + SHIFT) : (value.literal ?? []);
