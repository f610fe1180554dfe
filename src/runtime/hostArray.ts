/** ONNX element types as JavaScript typed arrays, with the raw bytes as the common language between the two. */
import type { DataType } from '../onnx';
import { byteLengthOf } from '../onnx';
import type { HostArray } from './backend';

type Constructor = new (buffer: ArrayBuffer, byteOffset?: number, length?: number) => HostArray;

const ARRAYS: Readonly<Partial<Record<DataType, Constructor>>> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
};

/** A typed array over exactly these bytes of the buffer; types without one of their own (4 bits, bool) come as bytes. */
export function arrayOver(dataType: DataType, dims: readonly number[], buffer: ArrayBuffer, offset = 0): HostArray {
  const bytes = byteLengthOf(dataType, dims);
  const View = ARRAYS[dataType];
  if (!View) return new Uint8Array(buffer, offset, bytes);
  const width = new View(new ArrayBuffer(8)).BYTES_PER_ELEMENT;
  return new View(buffer, offset, bytes / width);
}

export const bytesOfArray = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
