/** Element types, float16 and bfloat16, and the helpers that make and read small tensors. */

import { getFloat16, setFloat16 } from '@petamoriken/float16';
import { describe, expect, it } from 'vitest';
import {
  bfloat16ToFloat32,
  byteLengthOf,
  type DataType,
  dataTypeOfCode,
  dataTypes,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  numbersOf,
  scalar,
  tensor1d,
  tensorFromNumbers,
  toFloat32,
} from '../../src/onnx';
import { seeded } from '../support/onnxFiles';

const every16Bits = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** float32 patterns of every exponent, and the ones around each rounding tie. */
function manyFloats(): Float32Array {
  const random = seeded(7);
  const bits = new Uint32Array(200_000);
  for (let i = 0; i < bits.length; i++) bits[i] = random() * 2 ** 32;
  for (let i = 0; i < 65536; i++) bits[i] = (i << 13) + ((i % 3) - 1); // f16 ties lie at multiples of 2^12
  for (let i = 65536; i < 131072; i++) bits[i] = (random() * 2 ** 32) & 0xfffff000;
  return new Float32Array(bits.buffer);
}

describe('float16', () => {
  it('widens every pattern as the reference does', () => {
    const view = new DataView(new ArrayBuffer(2));
    const expected = Array.from(every16Bits, (bits) => {
      view.setUint16(0, bits);
      return getFloat16(view, 0);
    });
    expect(Array.from(float16ToFloat32(every16Bits))).toEqual(expected);
  });

  it('narrows with rounding to nearest even, as the reference does', () => {
    const floats = manyFloats();
    const view = new DataView(new ArrayBuffer(2));
    const narrowed = float32ToFloat16(floats);
    const wrong = [...floats.keys()].filter((i) => {
      setFloat16(view, 0, floats[i] as number);
      return Number.isNaN(floats[i])
        ? ((narrowed[i] as number) & 0x7fff) <= 0x7c00
        : view.getUint16(0) !== (narrowed[i] as number);
    });
    expect(wrong).toEqual([]);
  });

  it('comes back the same from float32', () => {
    const back = float32ToFloat16(float16ToFloat32(every16Bits));
    const wrong = every16Bits.filter((bits) => (bits & 0x7fff) <= 0x7c00 && back[bits] !== bits);
    expect([...wrong]).toEqual([]);
  });
});

describe('bfloat16', () => {
  it('comes back the same from float32, NaN as NaN', () => {
    const back = float32ToBfloat16(bfloat16ToFloat32(every16Bits));
    const isNaNPattern = (bits: number) => (bits & 0x7fff) > 0x7f80;
    const wrong = every16Bits.filter((bits) =>
      isNaNPattern(bits) ? !isNaNPattern(back[bits] as number) : back[bits] !== bits,
    );
    expect([...wrong]).toEqual([]);
  });

  it('rounds to nearest, ties to even', () => {
    const narrowed = float32ToBfloat16(
      new Float32Array(Uint32Array.of(0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff).buffer),
    );
    expect([...narrowed]).toEqual([0x3f80, 0x3f82, 0x3f81, 0x7f80]);
  });
});

const samples: Record<Exclude<DataType, 'string'>, number[]> = {
  float32: [1.5, -2, 0],
  float16: [1.5, -2, 65504],
  bfloat16: [1.5, -2, 2 ** 100],
  float64: [Math.PI, -1e300, 0],
  int4: [-8, 7, -1],
  uint4: [0, 15, 9],
  int8: [-128, 127, 0],
  uint8: [0, 255, 7],
  bool: [0, 1, 1],
  int16: [-32768, 32767, 0],
  uint16: [0, 65535, 1],
  int32: [-(2 ** 31), 2 ** 31 - 1, 0],
  uint32: [0, 2 ** 32 - 1, 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, -1],
  uint64: [0, Number.MAX_SAFE_INTEGER, 1],
};

describe.each(Object.entries(samples) as [Exclude<DataType, 'string'>, number[]][])('%s', (dataType, values) => {
  it('holds numbers and gives them back', () => {
    const tensor = tensor1d('t', dataType, values);
    expect(tensor).toMatchObject({ name: 't', dataType, dims: [3], byteLength: byteLengthOf(dataType, [3]) });
    expect(tensor.bytes.length).toBe(tensor.byteLength);
    expect(numbersOf(tensor)).toEqual(values);
    expect([...toFloat32(tensor)]).toEqual(values.map(Math.fround));
  });

  it('is read from bytes at an odd address', () => {
    const { bytes, ...info } = tensor1d('t', dataType, values);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(numbersOf({ ...info, bytes: shifted.subarray(1) })).toEqual(values);
  });

  it('has a number in ONNX that leads back to it', () => {
    expect(dataTypeOfCode(dataTypes[dataType].code)).toBe(dataType);
  });
});

it('a scalar has no dims', () => {
  expect(scalar('s', 'int64', 3)).toMatchObject({
    dims: [],
    byteLength: 8,
    bytes: Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0),
  });
});

it('4-bit values lie two in a byte, the first in the low half', () => {
  expect(tensor1d('q', 'uint4', [1, 2, 3]).bytes).toEqual(Uint8Array.of(0x21, 0x03));
  expect(byteLengthOf('int4', [3, 5])).toBe(8);
});

it('int64 values beyond 2^53 read as the greatest safe integer, and 2^63 writes as the greatest int64', () => {
  const end = tensor1d('end', 'int64', [2 ** 63, -(2 ** 63)]);
  expect(new BigInt64Array(end.bytes.slice().buffer)).toEqual(BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n)));
  expect(numbersOf(end)).toEqual([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
});

it('numbers that do not fit the type or the dims are refused', () => {
  expect(() => scalar('s', 'uint8', 256)).toThrow(RangeError);
  expect(() => scalar('s', 'int64', 0.5)).toThrow(RangeError);
  expect(() => scalar('s', 'int32', Number.NaN)).toThrow(RangeError);
  expect(() => tensorFromNumbers('t', 'float32', [2, 2], [1, 2, 3])).toThrow(RangeError);
});
