/**
 * ValueInfoProto: the name, element type and shape of a graph's input or output. Only tensors; the models we train have
 * no sequences, maps or optionals at their border.
 */

import type { ByteSource } from './byteSource';
import { DAMAGED } from './byteSource';
import { dataTypeOfCode, describeTypeCode } from './dataTypes';
import { int, message, messages, text } from './fields';
import type { Dim, ValueInfo } from './ir';
import type { Field } from './wire';
import { scan } from './wire';

export async function readValueInfo(source: ByteSource, field: Field): Promise<ValueInfo> {
  const state: { name: string; tensor?: TensorType } = { name: '' };
  await scan(
    source,
    {
      1: text('name', (value) => {
        state.name = value;
      }),
      2: message('type', readType, (tensor) => {
        state.tensor = tensor;
      }),
    },
    field,
  );
  const { name, tensor } = state;
  if (name === '') source.fail('An input or output of a graph has no name.', DAMAGED, field.offset);
  const dataType = tensor && dataTypeOfCode(tensor.code);
  if (!dataType) {
    const is = tensor ? `of ${describeTypeCode(tensor.code)}` : 'no tensor';
    source.fail(`"${name}" is ${is}, which Prelude cannot use.`, 'Export the model again as a plain decoder.');
  }
  return tensor.dims ? { name, dataType, dims: tensor.dims } : { name, dataType, dims: [], unranked: true };
}

interface TensorType {
  code: number;
  dims?: Dim[];
}

/** TypeProto */
async function readType(source: ByteSource, field: Field): Promise<TensorType | undefined> {
  let type: TensorType | undefined;
  await scan(
    source,
    {
      1: message('tensor_type', readTensorType, (value) => {
        type = value;
      }),
    },
    field,
  );
  return type;
}

/** TypeProto.Tensor */
async function readTensorType(source: ByteSource, field: Field): Promise<TensorType> {
  const type: TensorType = { code: 0 };
  await scan(
    source,
    {
      1: int('elem_type', (value) => {
        type.code = value;
      }),
      2: message('shape', readShape, (value) => {
        type.dims = value;
      }),
    },
    field,
  );
  return type;
}

async function readShape(source: ByteSource, field: Field): Promise<Dim[]> {
  const dims: Dim[] = [];
  const table = {
    1: messages('dim', readDim, (dim) => {
      dims.push(dim);
    }),
  };
  await scan(source, table, field);
  return dims;
}

async function readDim(source: ByteSource, field: Field): Promise<Dim> {
  let dim: Dim = null;
  const table = {
    1: int('dim_value', (value) => {
      // Some exporters write −1, and some an empty name, for "unknown".
      dim = value < 0 ? null : value;
    }),
    2: text('dim_param', (value) => {
      dim = value === '' ? null : value;
    }),
  };
  await scan(source, table, field);
  return dim;
}
