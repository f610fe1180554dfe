/**
 * GraphProto, NodeProto and AttributeProto, from the stream to the IR; weights are handed on as they come. Graphs inside
 * of nodes (If, Loop) are read the same way, so their weights stream as well. Nothing is checked across fields here:
 * see `wellFormed.ts`.
 */

import type { ByteSource } from './byteSource';
import { DAMAGED } from './byteSource';
import { attributeTypes } from './dataTypes';
import { float, floats, int, ints, message, messages, refused, text, texts } from './fields';
import type { Attribute, Graph, Initializer, Node, TensorData, TensorInfo, ValueInfo } from './ir';
import type { ExternalRange } from './readTensor';
import { readTensor } from './readTensor';
import { readValueInfo } from './readValueInfo';
import type { Field } from './wire';
import { scan } from './wire';

export interface ExternalTensor {
  readonly info: TensorInfo;
  readonly range: ExternalRange;
  /** Hands the bytes on. */
  readonly arrived: (bytes: Uint8Array) => Promise<void>;
}

/** What the reading of one model shares between its graphs. */
export interface GraphReader {
  readonly onTensor: (tensor: TensorData) => void | Promise<void>;
  readonly externals: ExternalTensor[];
  /** Names that `onTensor` has had, over all graphs: each comes once, as the weight store knows weights by name. */
  readonly delivered: Set<string>;
  /** Where each node stands in the file, for errors of later checks. */
  readonly fieldOf: Map<Node, Field>;
}

const MAX_DEPTH = 16;
/** Hundreds of times the largest real ones. A few bytes each in a file, they are a thousand each in memory. */
const MAX_NODES = 500_000;
const UNSUPPORTED = 'Export the model again without it.';

/** Shapes, axes and scalars stay with the graph: the compiler needs to see them. */
function isKept({ dataType, byteLength }: TensorInfo): boolean {
  const isIndex = dataType === 'int64' || dataType === 'int32' || dataType === 'bool';
  return byteLength <= (isIndex ? 65536 : 1024);
}

export async function readGraph(source: ByteSource, field: Field, reader: GraphReader, depth = 0): Promise<Graph> {
  if (depth > MAX_DEPTH) source.fail(`Graphs are nested more than ${MAX_DEPTH} deep.`, UNSUPPORTED);
  const nodes: Node[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const initializers = new Map<string, Initializer>();
  let name = '';

  const addInitializer = async ({ info, values }: Awaited<ReturnType<typeof readTensor>>) => {
    if (info.name === '') source.fail('An initializer has no name.', DAMAGED);
    if (initializers.has(info.name)) source.fail(`There are two initializers with the name "${info.name}".`, DAMAGED);
    const kept = isKept(info);
    const isFirst = !reader.delivered.has(info.name);
    if (!isFirst && !kept) {
      source.fail(`Two graphs of the model have different weights with the name "${info.name}".`, UNSUPPORTED);
    }
    reader.delivered.add(info.name);
    initializers.set(info.name, info);
    const arrived = async (bytes: Uint8Array) => {
      if (kept) initializers.set(info.name, { ...info, bytes: bytes.slice() });
      if (isFirst) await reader.onTensor({ ...info, bytes });
    };
    if (values instanceof Uint8Array) await arrived(values);
    else reader.externals.push({ info, range: values, arrived });
  };

  await scan(
    source,
    {
      1: messages(
        'node',
        (from, at) => readNode(from, at, reader, depth),
        (node, at) => {
          nodes.push(node);
          reader.fieldOf.set(node, at);
          if (reader.fieldOf.size > MAX_NODES) source.fail(`The model has more than ${MAX_NODES} nodes.`, DAMAGED);
        },
      ),
      2: text('name', (value) => {
        name = value;
      }),
      5: messages('initializer', readTensor, addInitializer),
      11: messages('input', readValueInfo, (value) => {
        inputs.push(value);
      }),
      12: messages('output', readValueInfo, (value) => {
        outputs.push(value);
      }),
      15: refused('sparse_initializer', 'The model has sparse weights, which Prelude cannot use.', UNSUPPORTED),
    },
    field,
  );
  // Files before IR version 4 list their weights among the inputs.
  return { name, nodes, inputs: inputs.filter((input) => !initializers.has(input.name)), outputs, initializers };
}

async function readNode(source: ByteSource, field: Field, reader: GraphReader, depth: number): Promise<Node> {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Record<string, Attribute> = Object.create(null);
  const state = { name: '', opType: '', domain: '' };
  await scan(
    source,
    {
      1: texts('input', (value) => {
        inputs.push(value);
      }),
      2: texts('output', (value) => {
        outputs.push(value);
      }),
      3: text('name', (value) => {
        state.name = value;
      }),
      4: text('op_type', (value) => {
        state.opType = value;
      }),
      5: messages(
        'attribute',
        (from, at) => readAttribute(from, at, reader, depth),
        ([name, attribute]) => {
          if (name in attributes) source.fail(`The node has two attributes with the name "${name}".`, DAMAGED);
          attributes[name] = attribute;
        },
      ),
      7: text('domain', (value) => {
        state.domain = normalDomain(value);
      }),
    },
    field,
  );
  if (state.opType === '') source.fail('A node says no operator (op_type).', DAMAGED, field.offset);
  return { ...state, inputs, outputs, attributes: { ...attributes } };
}

/** `ai.onnx` is the long name of the default domain. */
export function normalDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

async function readAttribute(
  source: ByteSource,
  field: Field,
  reader: GraphReader,
  depth: number,
): Promise<[name: string, attribute: Attribute]> {
  const state = { name: '', type: 0, reference: '' };
  const lists = { floats: [] as number[], ints: [] as number[], strings: [] as string[] };
  const single: { [K in 'float' | 'int' | 'string' | 'tensor' | 'graph']?: Extract<Attribute, { type: K }> } = {};
  await scan(
    source,
    {
      1: text('name', (value) => {
        state.name = value;
      }),
      2: float('f', (value) => {
        single.float = { type: 'float', value };
      }),
      3: int('i', (value) => {
        single.int = { type: 'int', value };
      }),
      4: text('s', (value) => {
        single.string = { type: 'string', value };
      }),
      5: message('t', readTensor, ({ info, values }) => {
        if (!(values instanceof Uint8Array))
          source.fail('A constant inside of a node is in another file.', UNSUPPORTED);
        single.tensor = { type: 'tensor', value: { ...info, bytes: values.slice() } };
      }),
      6: message(
        'g',
        (from, at) => readGraph(from, at, reader, depth + 1),
        (value) => {
          single.graph = { type: 'graph', value };
        },
      ),
      7: floats('floats', (value) => {
        lists.floats.push(value);
      }),
      8: ints('ints', (value) => {
        lists.ints.push(value);
      }),
      9: texts('strings', (value) => {
        lists.strings.push(value);
      }),
      20: int('type', (value) => {
        state.type = value;
      }),
      21: text('ref_attr_name', (value) => {
        state.reference = value;
      }),
    },
    field,
  );
  if (state.name === '') source.fail('An attribute has no name.', DAMAGED, field.offset);
  if (state.reference !== '') source.fail(`Attribute "${state.name}" refers to a function's.`, UNSUPPORTED);
  return [state.name, chosen()];

  function chosen(): Attribute {
    switch (state.type) {
      case attributeTypes.float:
        return single.float ?? { type: 'float', value: 0 };
      case attributeTypes.int:
        return single.int ?? { type: 'int', value: 0 };
      case attributeTypes.string:
        return single.string ?? { type: 'string', value: '' };
      case attributeTypes.tensor:
        return single.tensor ?? source.fail(`Attribute "${state.name}" has no tensor.`, DAMAGED);
      case attributeTypes.graph:
        return single.graph ?? source.fail(`Attribute "${state.name}" has no graph.`, DAMAGED);
      case attributeTypes.floats:
        return { type: 'floats', value: lists.floats };
      case attributeTypes.ints:
        return { type: 'ints', value: lists.ints };
      case attributeTypes.strings:
        return { type: 'strings', value: lists.strings };
      default:
        return source.fail(
          `Attribute "${state.name}" is of kind ${state.type}, which Prelude cannot read.`,
          UNSUPPORTED,
          field.offset,
        );
    }
  }
}
