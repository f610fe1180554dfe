/** Every way that a TensorProto can store its values comes out as `raw_data` would hold it. */

import { describe, expect, it } from 'vitest';
import { type DataType, dataTypes, readModel, type TensorData } from '../../src/onnx';
import { chunked, type TensorInit, weightsBytes } from '../support/onnxFiles';

async function readOne(bytes: Uint8Array, chunkSize?: number): Promise<TensorData> {
  const tensors: TensorData[] = [];
  await readModel(chunked(bytes, chunkSize), {
    onTensor: (tensor) => {
      tensors.push({ ...tensor, bytes: tensor.bytes.slice() });
    },
  });
  expect(tensors).toHaveLength(1);
  return tensors[0] as TensorData;
}

function rawOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

const cases: [DataType, number, TensorInit, ArrayBufferView][] = [
  [
    'float32',
    4,
    { floatData: [1.5, -0, Number.POSITIVE_INFINITY, 1e-40] },
    Float32Array.of(1.5, -0, Number.POSITIVE_INFINITY, 1e-40),
  ],
  ['float64', 2, { doubleData: [Math.PI, -1e300] }, Float64Array.of(Math.PI, -1e300)],
  [
    'int64',
    4,
    { int64Data: [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)] },
    BigInt64Array.of(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)),
  ],
  ['uint64', 2, { uint64Data: [5n, 2n ** 64n - 1n] }, BigUint64Array.of(5n, 2n ** 64n - 1n)],
  ['uint32', 2, { uint64Data: [7n, 2n ** 32n - 1n] }, Uint32Array.of(7, 2 ** 32 - 1)],
  ['int32', 4, { int32Data: [0, 300, -1, -(2 ** 31)] }, Int32Array.of(0, 300, -1, -(2 ** 31))],
  ['int16', 3, { int32Data: [1, -2, -32768] }, Int16Array.of(1, -2, -32768)],
  ['uint16', 2, { int32Data: [1, 65535] }, Uint16Array.of(1, 65535)],
  ['int8', 3, { int32Data: [1, -2, -128] }, Int8Array.of(1, -2, -128)],
  ['uint8', 3, { int32Data: [1, 200, 255] }, Uint8Array.of(1, 200, 255)],
  ['bool', 3, { int32Data: [1, 0, 1] }, Uint8Array.of(1, 0, 1)],
  ['float16', 2, { int32Data: [0x3c00, 0xfc00] }, Uint16Array.of(0x3c00, 0xfc00)],
  ['bfloat16', 2, { int32Data: [0x3f80, 0xff80] }, Uint16Array.of(0x3f80, 0xff80)],
  ['uint4', 5, { int32Data: [0x21, 0x43, 0x0f] }, Uint8Array.of(0x21, 0x43, 0x0f)],
  ['int4', 4, { int32Data: [0xf1, 0x8e] }, Uint8Array.of(0xf1, 0x8e)],
];

describe.each(cases)('%s', (dataType, count, values, expected) => {
  const base = { name: 'w', dims: [BigInt(count)], dataType: dataTypes[dataType].code };

  it.each([1, 3, 1000])('from its typed field, chunks of %i bytes', async (size) => {
    const tensor = await readOne(weightsBytes({ ...base, ...values }), size);
    expect(tensor).toEqual({
      name: 'w',
      dataType,
      dims: [count],
      byteLength: expected.byteLength,
      bytes: rawOf(expected),
    });
  });

  it('from raw_data', async () => {
    const tensor = await readOne(weightsBytes({ ...base, rawData: new Uint8Array(rawOf(expected)) }), 3);
    expect(tensor).toMatchObject({ dataType, bytes: rawOf(expected) });
  });

  it('keeps the bytes of a tensor this small with the graph', async () => {
    const model = await readModel(chunked(weightsBytes({ ...base, ...values })));
    expect(model.graph.initializers.get('w')?.bytes).toEqual(rawOf(expected));
  });
});

/** Field `number` of a message. */
const tag = (number: number, wire: number) => (number << 3) | wire;
const bytesField = (number: number, ...body: number[]) => [tag(number, 2), body.length, ...body];

/** A file with one initializer, whose TensorProto is given byte by byte. */
function fileAround(tensor: number[]): Uint8Array {
  return Uint8Array.of(8, 10, ...bytesField(7, ...bytesField(5, ...tensor)), ...bytesField(8, tag(2, 0), 21));
}

const name = bytesField(8, 0x77);

describe('encodings that no current writer chooses, but the format allows', () => {
  it.each([1, 1000])('values one by one instead of packed, chunks of %i bytes', async (size) => {
    const one = Float32Array.of(1, 2);
    const values = [0, 4].flatMap((at) => [tag(4, 5), ...rawOf(one).subarray(at, at + 4)]);
    const floats = await readOne(fileAround([tag(1, 0), 2, tag(2, 0), 1, ...values, ...name]), size);
    expect(floats.bytes).toEqual(rawOf(one));
    const integers = await readOne(
      fileAround([tag(1, 0), 2, tag(2, 0), 7, tag(7, 0), 0xac, 2, tag(7, 0), 1, ...name]),
      size,
    );
    expect(integers.bytes).toEqual(rawOf(BigInt64Array.of(300n, 1n)));
  });

  it('packed dims', async () => {
    const tensor = await readOne(fileAround([...bytesField(1, 2, 1), tag(2, 0), 2, ...bytesField(9, 5, 6), ...name]));
    expect(tensor.dims).toEqual([2, 1]);
  });

  it('values before their type and dims', async () => {
    const tensor = await readOne(fileAround([...bytesField(5, 5, 6, 7), tag(2, 0), 3, tag(1, 0), 3, ...name]));
    expect(tensor).toMatchObject({ dataType: 'int8', bytes: Uint8Array.of(5, 6, 7) });
  });

  it('fields that are not in ONNX are skipped, whatever their kind', async () => {
    const unknown = [
      tag(15, 0),
      0x80,
      1,
      tag(15, 1),
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      ...bytesField(15, 9, 9),
      tag(15, 5),
      1,
      2,
      3,
      4,
    ];
    const tensor = await readOne(fileAround([...unknown, tag(2, 0), 2, ...bytesField(9, 42), ...name, ...unknown]), 2);
    expect(tensor).toMatchObject({ dims: [], bytes: Uint8Array.of(42) });
  });
});

it('an empty tensor has no bytes, and a scalar one value', async () => {
  expect(await readOne(weightsBytes({ name: 'w', dims: [0n, 4n], dataType: 1 }))).toMatchObject({
    dims: [0, 4],
    byteLength: 0,
  });
  expect(await readOne(weightsBytes({ name: 'w', dataType: 1, floatData: [2] }))).toMatchObject({
    dims: [],
    byteLength: 4,
  });
});

it('a long int64_data field arrives whole through small chunks', async () => {
  const values = BigInt64Array.from({ length: 40_000 }, (_, i) => BigInt(i) ** 3n * (i % 2 ? -1n : 1n));
  const bytes = weightsBytes({ name: 'w', dims: [40_000n], dataType: 7, int64Data: [...values] });
  for (const size of [1001, bytes.length]) {
    expect(Buffer.compare((await readOne(bytes, size)).bytes, rawOf(values))).toBe(0);
  }
});

it('only small tensors stay with the graph: 1 KiB, or 64 KiB of int32, int64 or bool', async () => {
  const kept = async (dataType: DataType, count: number) => {
    const rawData = new Uint8Array((count * dataTypes[dataType].bits) / 8);
    const tensor = { name: 'w', dims: [BigInt(count)], dataType: dataTypes[dataType].code, rawData };
    const model = await readModel(chunked(weightsBytes(tensor)));
    return model.graph.initializers.get('w')?.bytes !== undefined;
  };
  expect(await kept('float32', 256)).toBe(true);
  expect(await kept('float32', 257)).toBe(false);
  expect(await kept('int64', 8192)).toBe(true);
  expect(await kept('int64', 8193)).toBe(false);
  expect(await kept('uint8', 1025)).toBe(false);
  expect(await kept('bool', 1025)).toBe(true);
});
