/** Moves the weights of a model into files of their own, as `onnx.save(..., save_as_external_data=True)` does. */

import { clearField, clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProtoSchema } from 'onnx-buf';

export interface SplitModel {
  model: Uint8Array;
  /** By location. */
  files: Map<string, Uint8Array>;
}

/** Every second weight goes to the first of two files, in reverse order, with gaps of 64 bytes between them. */
export function moveWeightsOut(
  bytes: Uint8Array,
  locations: readonly [string, string] = ['w.data', 'sub/w.data_1'],
): SplitModel {
  const model = clone(ModelProtoSchema, fromBinary(ModelProtoSchema, bytes));
  const parts = new Map(locations.map((location) => [location, { pieces: [] as Uint8Array[], length: 0 }]));
  for (const [i, tensor] of (model.graph?.initializer ?? []).reverse().entries()) {
    const raw = tensor.rawData;
    const location = locations[i % 2] as string;
    const part = parts.get(location);
    if (!part || raw.length === 0) continue;
    part.pieces.push(new Uint8Array(64).fill(0xee), raw);
    const entries = { location, offset: String(part.length + 64), length: String(raw.length) };
    part.length += 64 + raw.length;
    tensor.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
    tensor.dataLocation = 1;
    clearField(tensor, TensorProtoSchema.field.rawData);
  }
  const files = [...parts].map(([location, { pieces }]) => [location, new Uint8Array(Buffer.concat(pieces))] as const);
  return { model: toBinary(ModelProtoSchema, model), files: new Map(files) };
}
