/** ONNX files ⇄ graph IR. Knows nothing of runtimes, GPUs or the DOM. */

export type { ByteChunks } from './byteSource';
export { byteLengthOf, dataTypeOfCode, dataTypes, elementCount } from './dataTypes';
export { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './float16';
export type * from './ir';
export type { OpenExternal } from './readExternal';
export { type ReadOptions, readModel } from './readModel';
export { numbersOf, scalar, tensor1d, tensorFromNumbers, toFloat32 } from './tensors';
export { writeModel } from './writeModel';
