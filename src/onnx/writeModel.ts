/**
 * The writer: IR → the bytes of an ONNX file that onnxruntime takes. Weights are written as `raw_data`; models whose
 * weights are graph inputs come out small. External data is not written.
 */

import { ModelError } from '../errors';
import { attributeTypes, dataTypes } from './dataTypes';
import type { Attribute, Graph, Model, Node, TensorData, TensorInfo, ValueInfo } from './ir';
import { ProtoWriter } from './protoWriter';

/** The bytes of a weight that the graph does not keep, by its name. */
export type BytesOf = (name: string) => Uint8Array | undefined;

/** onnxruntime's protobuf takes no message of 2 GiB or more. */
const MAX_BYTES = 2 ** 31 - 1;

/** Throws `ModelError` where an initializer has no bytes, or bytes of a wrong size. */
export function writeModel(model: Model, tensors: BytesOf = () => undefined): Uint8Array<ArrayBuffer> {
  const out = new ProtoWriter();
  out.int(1, model.irVersion);
  out.text(2, model.producer);
  out.message(7, () => writeGraph(out, model.graph, tensors));
  for (const [domain, version] of Object.entries(model.opsets)) {
    out.message(8, () => {
      out.text(1, domain);
      out.int(2, version);
    });
  }
  const bytes = out.finish();
  if (bytes.length > MAX_BYTES)
    throw new ModelError(`The model is ${bytes.length} bytes: a file holds less than 2 GiB.`);
  return bytes;
}

function writeGraph(out: ProtoWriter, graph: Graph, tensors: BytesOf): void {
  for (const node of graph.nodes) out.message(1, () => writeNode(out, node, tensors));
  out.text(2, graph.name);
  for (const initializer of graph.initializers.values()) {
    const bytes = initializer.bytes ?? tensors(initializer.name);
    if (!bytes) throw new ModelError(`The weight "${initializer.name}" has no bytes.`, { field: 'graph.initializer' });
    out.message(5, () => writeTensor(out, { ...initializer, bytes }));
  }
  for (const input of graph.inputs) out.message(11, () => writeValueInfo(out, input));
  for (const output of graph.outputs) out.message(12, () => writeValueInfo(out, output));
}

function writeNode(out: ProtoWriter, node: Node, tensors: BytesOf): void {
  for (const input of node.inputs) out.text(1, input);
  for (const output of node.outputs) out.text(2, output);
  if (node.name) out.text(3, node.name);
  out.text(4, node.opType);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    out.message(5, () => {
      out.text(1, name);
      writeAttributeValue(out, attribute, tensors);
      out.int(20, attributeTypes[attribute.type]);
    });
  }
  if (node.domain) out.text(7, node.domain);
}

function writeAttributeValue(out: ProtoWriter, attribute: Attribute, tensors: BytesOf): void {
  switch (attribute.type) {
    case 'float':
      out.float(2, attribute.value);
      break;
    case 'int':
      out.int(3, attribute.value);
      break;
    case 'string':
      out.text(4, attribute.value);
      break;
    case 'tensor':
      out.message(5, () => writeTensor(out, attribute.value));
      break;
    case 'graph':
      out.message(6, () => writeGraph(out, attribute.value, tensors));
      break;
    case 'floats':
      for (const value of attribute.value) out.float(7, value);
      break;
    case 'ints':
      for (const value of attribute.value) out.int(8, value);
      break;
    case 'strings':
      for (const value of attribute.value) out.text(9, value);
      break;
    default:
      attribute satisfies never;
  }
}

function writeTensor(out: ProtoWriter, tensor: TensorInfo & Pick<TensorData, 'bytes'>): void {
  const { name, dataType, dims, byteLength, bytes } = tensor;
  if (bytes.length !== byteLength) {
    throw new ModelError(`Tensor "${name}" has ${bytes.length} bytes where ${byteLength} belong.`);
  }
  for (const dim of dims) out.int(1, dim);
  out.int(2, dataTypes[dataType].code);
  if (name) out.text(8, name);
  out.bytes(9, bytes);
}

function writeValueInfo(out: ProtoWriter, value: ValueInfo): void {
  out.text(1, value.name);
  out.message(2, () =>
    out.message(1, () => {
      out.int(1, dataTypes[value.dataType].code);
      if (value.unranked) return;
      out.message(2, () => {
        for (const dim of value.dims) {
          out.message(1, () => {
            if (typeof dim === 'number') out.int(1, dim);
            else if (dim !== null) out.text(2, dim);
          });
        }
      });
    }),
  );
}
