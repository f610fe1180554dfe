/**
 * The numbers that ONNX gives to element types (`TensorProto.DataType`) and to attribute kinds, the widths of elements,
 * and the size of a tensor. It holds no values: conversions are in `float16.ts` and `tensors.ts`.
 */

import type { Attribute, DataType } from './ir';

/** `bits` is 0 for strings, which have no fixed width. */
export const dataTypes = {
  float32: { code: 1, bits: 32 },
  uint8: { code: 2, bits: 8 },
  int8: { code: 3, bits: 8 },
  uint16: { code: 4, bits: 16 },
  int16: { code: 5, bits: 16 },
  int32: { code: 6, bits: 32 },
  int64: { code: 7, bits: 64 },
  string: { code: 8, bits: 0 },
  bool: { code: 9, bits: 8 },
  float16: { code: 10, bits: 16 },
  float64: { code: 11, bits: 64 },
  uint32: { code: 12, bits: 32 },
  uint64: { code: 13, bits: 64 },
  bfloat16: { code: 16, bits: 16 },
  uint4: { code: 21, bits: 4 },
  int4: { code: 22, bits: 4 },
} as const satisfies Record<DataType, { code: number; bits: number }>;

/** `AttributeProto.AttributeType` of the kinds that the IR has. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const satisfies Record<Attribute['type'], number>;

/** ONNX types that exist but that we do not read; only for messages. */
const otherTypes: Readonly<Record<number, string>> = {
  0: 'undefined',
  14: 'complex64',
  15: 'complex128',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  23: 'float4e2m1',
  24: 'float8e8m0',
  25: 'uint2',
  26: 'int2',
};

const byCode = new Map<number, DataType>(
  (Object.keys(dataTypes) as DataType[]).map((name) => [dataTypes[name].code, name]),
);

/** The type with this ONNX number, or `undefined` where Prelude has none for it. */
export function dataTypeOfCode(code: number): DataType | undefined {
  return byCode.get(code);
}

/** What to call an ONNX type number in a message: `float8e5m2`, or `type 99` where ONNX itself knows none. */
export function describeTypeCode(code: number): string {
  return byCode.get(code) ?? otherTypes[code] ?? `type ${code}`;
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Bytes of a tensor's values; two 4-bit values share a byte, an odd last one has a byte of its own. */
export function byteLengthOf(dataType: DataType, dims: readonly number[]): number {
  return Math.ceil((elementCount(dims) * dataTypes[dataType].bits) / 8);
}
