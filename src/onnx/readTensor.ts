/**
 * A TensorProto, from the stream to little-endian bytes (or to the place in another file where they are).
 * Whatever way the values are stored, they come out as `raw_data` would hold them.
 */

import type { ByteSource } from './byteSource';
import { DAMAGED } from './byteSource';
import { byteLengthOf, dataTypeOfCode, describeTypeCode } from './dataTypes';
import { int, ints, messages, readEntry, text } from './fields';
import type { DataType, TensorInfo } from './ir';
import type { TypedField } from './tensorValues';
import { TensorValues, wireOf } from './tensorValues';
import type { Field, FieldRule } from './wire';
import { BYTES, scan } from './wire';

/** Where the bytes of a tensor are, if not in the model file itself. */
export interface ExternalRange {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface ReadTensor {
  readonly info: TensorInfo;
  /** The values (good until the next read from the source), or where they are. */
  readonly values: Uint8Array | ExternalRange;
}

const MAX_RANK = 64;
const MAX_DIM = 2 ** 48;
const OTHER_TYPE = 'Export the model again with float32, float16 or 4/8-bit block-quantized weights.';

export async function readTensor(source: ByteSource, field: Field): Promise<ReadTensor> {
  const dims: number[] = [];
  const external = new Map<string, string>();
  const state = { name: '', code: 0, location: 0 };
  let raw: Uint8Array | undefined;
  let typed: TensorValues | undefined;

  const typeSoFar = () => dataTypeOfCode(state.code);
  /** Bytes that dims and type ask for, where they have been read already; they stand before the values in a usual file. */
  const expectedSoFar = () => {
    const dataType = typeSoFar();
    if (!dataType || dims.length === 0) return Number.POSITIVE_INFINITY;
    return checkedLength(source, state.name, dataType, dims);
  };

  const typedField = (name: TypedField): FieldRule => ({
    name,
    wires: [wireOf(name), BYTES],
    async read(from, at) {
      typed ??= new TensorValues(name, typeSoFar(), expectedSoFar());
      if (typed.name !== name) from.fail(`The tensor has both ${typed.name} and ${name}.`, DAMAGED);
      await typed.read(from, at);
    },
  });

  await scan(
    source,
    {
      1: ints('dims', (dim) => {
        if (dim < 0 || dim > MAX_DIM) source.fail(`Dimension ${dims.length} is ${dim}, which it cannot be.`, DAMAGED);
        if (dims.length === MAX_RANK) source.fail(`The tensor has more than ${MAX_RANK} dimensions.`, DAMAGED);
        dims.push(dim);
      }),
      2: int('data_type', (code) => {
        state.code = code;
      }),
      4: typedField('float_data'),
      5: typedField('int32_data'),
      7: typedField('int64_data'),
      8: text('name', (name) => {
        state.name = name;
      }),
      9: {
        name: 'raw_data',
        wires: [BYTES],
        async read(from, at) {
          if (raw) from.fail('The tensor has raw_data twice.', DAMAGED);
          const length = at.end - from.position;
          if (length === 0) return; // some writers leave the field, empty, where the values are elsewhere
          const expected = expectedSoFar();
          if (Number.isFinite(expected) && length !== expected) wrongSize(from, state.name, length, expected);
          // A view is enough where the rest of the tensor is in the same chunk: nothing else is fetched until it is used.
          raw = await from.take(length, from.has(field.end - from.position));
        },
      },
      10: typedField('double_data'),
      11: typedField('uint64_data'),
      13: messages('external_data', readEntry, ([key, value]) => {
        external.set(key, value);
      }),
      14: int('data_location', (location) => {
        state.location = location;
      }),
    },
    field,
  );

  const dataType = typeSoFar();
  if (!dataType || dataType === 'string') {
    source.fail(`${called(state.name)} is ${describeTypeCode(state.code)}, which Prelude cannot read.`, OTHER_TYPE);
  }
  const byteLength = checkedLength(source, state.name, dataType, dims);
  const info = { name: state.name, dataType, dims, byteLength };
  if (state.location === 1) {
    if (raw || typed) source.fail(`${called(state.name)} has values both inside and outside of the file.`, DAMAGED);
    return { info, values: externalRange(source, info, external) };
  }
  if (typed && !typed.holds(dataType)) {
    source.fail(`${called(state.name)} is ${dataType}, which cannot be in ${typed.name}.`, DAMAGED);
  }
  if (raw && typed) source.fail(`${called(state.name)} has both raw_data and ${typed.name}.`, DAMAGED);
  const bytes = raw ?? typed?.finish(dataType) ?? new Uint8Array(0);
  if (bytes.length !== byteLength) wrongSize(source, state.name, bytes.length, byteLength);
  return { info, values: bytes };
}

/** Constants inside of nodes have no name. */
function called(name: string): string {
  return name === '' ? 'The tensor' : `Tensor "${name}"`;
}

function checkedLength(source: ByteSource, name: string, dataType: DataType, dims: readonly number[]): number {
  const length = byteLengthOf(dataType, dims);
  if (!Number.isSafeInteger(length)) source.fail(`${called(name)} has absurd dims [${dims.join(', ')}].`, DAMAGED);
  return length;
}

function wrongSize(source: ByteSource, name: string, got: number, expected: number): never {
  source.fail(`${called(name)} has ${got} bytes of values where its dims and type ask for ${expected}.`, DAMAGED);
}

/** https://onnx.ai/onnx/repo-docs/ExternalData.html */
function externalRange(source: ByteSource, info: TensorInfo, entries: ReadonlyMap<string, string>): ExternalRange {
  const location = entries.get('location') ?? '';
  if (
    location === '' ||
    location.startsWith('/') ||
    /^[a-z]+:|\\/i.test(location) ||
    location.split('/').includes('..')
  ) {
    source.fail(
      `${called(info.name)} is in an external file "${location}", which is no file beside the model.`,
      'Export the model again with its weights in one file, or in files of the same folder.',
    );
  }
  const number = (key: string, absent: number) => {
    const value = entries.get(key);
    if (value === undefined) return absent;
    if (!/^\d{1,16}$/.test(value) || !Number.isSafeInteger(Number(value))) {
      source.fail(`${called(info.name)}: external_data ${key} is "${value}".`, DAMAGED);
    }
    return Number(value);
  };
  const length = number('length', info.byteLength);
  if (length !== info.byteLength) wrongSize(source, info.name, length, info.byteLength);
  return { location, offset: number('offset', 0), length };
}
