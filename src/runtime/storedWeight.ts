/**
 * How a weight of the file lies on a device. Devices differ in what they can be fed: those without float16 get float32, and
 * those without int8 get uint8 with every number 128 higher (the compiler writes zero points to match).
 */
import type { DataType, TensorData } from '../onnx';
import { toFloat32 } from '../onnx';
import type { Backend } from './backend';
import { bytesOfArray } from './hostArray';

/** Types that a device can hold as the file has them; what is not listed here every device can. */
export interface NativeTypes {
  readonly float16: boolean;
  readonly int8: boolean;
}

export const nativeTypes = (backend: Backend): NativeTypes =>
  backend.kind === 'wasm'
    ? { float16: true, int8: true }
    : { float16: backend.device.features.has('shader-f16'), int8: false };

/** The tensor as the device takes it. */
export function toStored(tensor: TensorData, native: NativeTypes): Pick<TensorData, 'dataType' | 'bytes'> {
  const { dataType, bytes } = tensor;
  const widened = dataType === 'bfloat16' || dataType === 'float64' || (dataType === 'float16' && !native.float16);
  if (widened) return { dataType: 'float32', bytes: bytesOfArray(toFloat32(tensor)) };
  if (dataType === 'int8' && !native.int8) return { dataType: 'uint8', bytes: shifted(bytes) };
  return { dataType, bytes };
}

/** What the device holds, as any device could be given it again; `original` is the type in the file. */
export function fromStored(
  bytes: Uint8Array,
  dataType: DataType,
  original: DataType,
): Pick<TensorData, 'dataType' | 'bytes'> {
  return original === 'int8' && dataType === 'uint8'
    ? { dataType: 'int8', bytes: shifted(bytes) }
    : { dataType, bytes };
}

/** x + 128 modulo 256: the way there and the way back. */
const shifted = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x80);
