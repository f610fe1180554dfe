/** Runs a compiled graph once, from typed arrays to float32 arrays, and leaves nothing behind on the backend. */
import type { DataType } from '../../src/onnx';
import { type Backend, bytesOfArray, type DeviceTensor, type Program } from '../../src/runtime';

export interface Feed {
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView;
}

export const floats = (dims: readonly number[], data: Float32Array): Feed => ({ dataType: 'float32', dims, data });

export const int64s = (dims: readonly number[], values: readonly number[]): Feed => ({
  dataType: 'int64',
  dims,
  data: BigInt64Array.from(values, BigInt),
});

export const int32s = (dims: readonly number[], values: readonly number[]): Feed => ({
  dataType: 'int32',
  dims,
  data: Int32Array.from(values),
});

export async function runProgram(
  backend: Backend,
  program: Program,
  feeds: Readonly<Record<string, Feed>>,
): Promise<Record<string, Float32Array>> {
  const alive: DeviceTensor[] = [];
  try {
    const uploaded: Record<string, DeviceTensor> = {};
    for (const [name, { dataType, dims, data }] of Object.entries(feeds)) {
      const tensor = backend.upload(dataType, dims, bytesOfArray(data));
      alive.push(tensor);
      uploaded[name] = tensor;
    }
    const outputs = await program.run(uploaded);
    alive.push(...Object.values(outputs));
    const values: Record<string, Float32Array> = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      values[name] = new Float32Array((await backend.read(tensor)).slice().buffer);
    }
    return values;
  } finally {
    for (const tensor of alive) backend.free(tensor);
  }
}
