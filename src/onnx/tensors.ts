/**
 * Values in and out of tensors: numbers → bytes and bytes → numbers, for every element type but strings.
 * The compiler writes its constants with these and reads shapes, axes and scalars; weights pass through `toFloat32`.
 */

import { byteLengthOf, dataTypes, elementCount } from './dataTypes';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './float16';
import type { DataType, TensorData, TensorInfo } from './ir';

/** A tensor whose bytes may be elsewhere (`Initializer`), or are at hand (`TensorData`). */
type Readable = TensorInfo & { readonly bytes?: Uint8Array };

const integerRange: Partial<Record<DataType, readonly [number, number]>> = {
  int4: [-8, 7],
  uint4: [0, 15],
  int8: [-128, 127],
  uint8: [0, 255],
  bool: [0, 1],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 63), 2 ** 63],
  uint64: [0, 2 ** 64],
};

/** Throws `RangeError` where a number does not fit the type or the dims: both are mistakes of the caller. */
export function tensorFromNumbers(
  name: string,
  dataType: DataType,
  dims: readonly number[],
  values: ArrayLike<number>,
): TensorData & { readonly bytes: Uint8Array<ArrayBuffer> } {
  if (values.length !== elementCount(dims)) {
    throw new RangeError(`${name}: ${values.length} values for dims [${dims.join(', ')}]`);
  }
  const range = integerRange[dataType];
  if (range) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (!Number.isInteger(value) || value < range[0] || value > range[1]) {
        throw new RangeError(`${name}: ${value} is no ${dataType}`);
      }
    }
  }
  return { name, dataType, dims, byteLength: byteLengthOf(dataType, dims), bytes: encode(dataType, values) };
}

/** dims [] */
export function scalar(name: string, dataType: DataType, value: number): TensorData {
  return tensorFromNumbers(name, dataType, [], [value]);
}

/** dims [values.length] */
export function tensor1d(name: string, dataType: DataType, values: ArrayLike<number>): TensorData {
  return tensorFromNumbers(name, dataType, [values.length], values);
}

/**
 * The values as plain numbers; 64-bit integers outside ±(2^53 − 1) are clamped to it (they only mean "to the end").
 * For small tensors: shapes, axes, scalars.
 */
export function numbersOf(tensor: Readable): number[] {
  const bytes = tensor.bytes;
  if (!bytes) throw new RangeError(`${tensor.name}: its bytes are not at hand`);
  if (tensor.dataType === 'int64' || tensor.dataType === 'uint64') {
    const wide = tensor.dataType === 'int64' ? view(BigInt64Array, bytes) : view(BigUint64Array, bytes);
    return Array.from(wide, clampToSafe);
  }
  return Array.from(decode(tensor.dataType, bytes, elementCount(tensor.dims)));
}

/** All values as float32: a view where the bytes are aligned float32 already, else a new array. */
export function toFloat32(tensor: TensorData): Float32Array {
  const values =
    tensor.dataType === 'int64' || tensor.dataType === 'uint64'
      ? numbersOf(tensor)
      : decode(tensor.dataType, tensor.bytes, elementCount(tensor.dims));
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

function clampToSafe(value: bigint): number {
  if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
  if (value < Number.MIN_SAFE_INTEGER) return Number.MIN_SAFE_INTEGER;
  return Number(value);
}

interface ElementArray<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
}

/** The bytes as typed array: in place where the offset is aligned, else copied. */
function view<T>(type: ElementArray<T>, bytes: Uint8Array): T {
  const width = type.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return new type(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / width));
}

function decode(dataType: DataType, bytes: Uint8Array, count: number): Iterable<number> & ArrayLike<number> {
  switch (dataType) {
    case 'float32':
      return view(Float32Array, bytes);
    case 'float64':
      return view(Float64Array, bytes);
    case 'float16':
      return float16ToFloat32(view(Uint16Array, bytes));
    case 'bfloat16':
      return bfloat16ToFloat32(view(Uint16Array, bytes));
    case 'int8':
      return view(Int8Array, bytes);
    case 'uint8':
    case 'bool':
      return bytes;
    case 'int16':
      return view(Int16Array, bytes);
    case 'uint16':
      return view(Uint16Array, bytes);
    case 'int32':
      return view(Int32Array, bytes);
    case 'uint32':
      return view(Uint32Array, bytes);
    case 'uint4':
    case 'int4':
      return nibbles(bytes, count, dataType === 'int4');
    case 'int64':
    case 'uint64':
    case 'string':
      throw new RangeError(`${dataType} has no array of plain numbers`);
    default:
      return dataType satisfies never;
  }
}

function nibbles(bytes: Uint8Array, count: number, signed: boolean): Int8Array {
  const out = new Int8Array(count);
  for (let i = 0; i < count; i++) {
    const nibble = ((bytes[i >> 1] as number) >> ((i & 1) * 4)) & 15;
    out[i] = signed && nibble > 7 ? nibble - 16 : nibble;
  }
  return out;
}

function encode(dataType: DataType, values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  switch (dataType) {
    case 'float32':
      return bytesOf(Float32Array.from(values));
    case 'float64':
      return bytesOf(Float64Array.from(values));
    case 'float16':
      return bytesOf(float32ToFloat16(Float32Array.from(values)));
    case 'bfloat16':
      return bytesOf(float32ToBfloat16(Float32Array.from(values)));
    case 'int8':
      return bytesOf(Int8Array.from(values));
    case 'uint8':
    case 'bool':
      return Uint8Array.from(values);
    case 'int16':
      return bytesOf(Int16Array.from(values));
    case 'uint16':
      return bytesOf(Uint16Array.from(values));
    case 'int32':
      return bytesOf(Int32Array.from(values));
    case 'uint32':
      return bytesOf(Uint32Array.from(values));
    case 'int64':
      return bytesOf(BigInt64Array.from(Array.from(values, saturatedInt64)));
    case 'uint64':
      return bytesOf(BigUint64Array.from(Array.from(values, saturatedUint64)));
    case 'uint4':
    case 'int4': {
      const out = new Uint8Array(Math.ceil((values.length * dataTypes[dataType].bits) / 8));
      for (let i = 0; i < values.length; i++) {
        out[i >> 1] = (out[i >> 1] as number) | (((values[i] as number) & 15) << ((i & 1) * 4));
      }
      return out;
    }
    case 'string':
      throw new RangeError('a string tensor has no numbers');
    default:
      return dataType satisfies never;
  }
}

/** 2^63 itself is no int64, but the nearest number to its greatest value. */
const saturatedInt64 = (value: number) => (value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value));
const saturatedUint64 = (value: number) => (value >= 2 ** 64 ? 2n ** 64n - 1n : BigInt(value));

function bytesOf(array: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
