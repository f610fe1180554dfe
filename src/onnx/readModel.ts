/**
 * The streaming reader: the bytes of an ONNX file, in chunks of any size → the graph, and one call per weight as soon as
 * its bytes are complete. It holds no more than the largest weight and one chunk. Fetching and storing are the caller's.
 */

import type { ByteChunks } from './byteSource';
import { ByteSource, DAMAGED } from './byteSource';
import { int, message, messages, text } from './fields';
import type { Graph, Model, Node, TensorData } from './ir';
import { rejectOtherFormats } from './otherFormats';
import type { OpenExternal } from './readExternal';
import { readExternal } from './readExternal';
import type { GraphReader } from './readGraph';
import { normalDomain, readGraph } from './readGraph';
import { wellFormed } from './wellFormed';
import type { Field } from './wire';
import { pathOf, scan } from './wire';

export interface ReadOptions {
  /** For errors. */
  file?: string;
  /** Size of the file, where it is known (Content-Length, Blob.size): a damaged length is then found at once. */
  byteLength?: number;
  /**
   * Each initializer, of subgraphs too, and each name once; the next one is read when this has returned. `bytes` are lent
   * for the duration of the call (a view of a chunk, often), and need not be aligned.
   */
  onTensor?: (tensor: TensorData) => void | Promise<void>;
  /** Opens the files of external data; without it, a model that has some is refused. */
  external?: OpenExternal;
}

/** Throws `ModelError` (file, offset, field) where the bytes are no model; errors of `chunks` and `onTensor` pass through. */
export async function readModel(chunks: ByteChunks, options: ReadOptions = {}): Promise<Model> {
  const source = new ByteSource(chunks, options.file, options.byteLength);
  return source.whileOpen(() => read(source, options));
}

async function read(source: ByteSource, options: ReadOptions): Promise<Model> {
  await rejectOtherFormats(source);
  const onTensor = options.onTensor ?? (() => {});
  const reader: GraphReader = { onTensor, externals: [], delivered: new Set(), fieldOf: new Map() };
  const opsets: Record<string, number> = {};
  const functions = new Set<string>();
  const state = { irVersion: 0, producer: '' };
  let graph: Graph | undefined;
  await scan(source, {
    1: int('ir_version', (value) => {
      state.irVersion = value;
    }),
    2: text('producer_name', (value) => {
      state.producer = value;
    }),
    7: message(
      'graph',
      (from, field) => (graph ? from.fail('The file has two graphs.') : readGraph(from, field, reader)),
      (value) => {
        graph = value;
      },
    ),
    8: messages('opset_import', readOpset, ([domain, version]) => {
      opsets[domain] = version;
    }),
    25: messages('functions', readFunctionName, (name) => {
      functions.add(name);
    }),
  });
  const found = graph as Graph | undefined;
  if (!found) source.fail('The file has no graph.', 'Choose the .onnx file of a model.');
  checkNoFunctions(found, functions, source, reader.fieldOf);
  if (state.irVersion < 1) source.fail('The file says no version of its format (ir_version).', DAMAGED, 0);
  if (Object.keys(opsets).length === 0)
    source.fail('The file says no version of its operators (opset_import).', DAMAGED, 0);
  // Before the external files, which are large: a graph that cannot be used is refused without them.
  const runnable = wellFormed(found, (text, node) => fail(source, reader.fieldOf, text, node));
  await readExternal(reader.externals, options.external);
  return { ...state, opsets, graph: runnable };
}

function fail(source: ByteSource, fieldOf: ReadonlyMap<Node, Field>, text: string, node?: Node): never {
  const field = node && fieldOf.get(node);
  source.describe = () => (field ? pathOf(field) : 'graph');
  source.fail(text, 'Export the model again, or check it with onnx.checker.', field?.offset ?? 0);
}

function checkNoFunctions(
  graph: Graph,
  functions: ReadonlySet<string>,
  source: ByteSource,
  fieldOf: ReadonlyMap<Node, Field>,
): void {
  for (const node of graph.nodes) {
    if (functions.has(`${node.domain}:${node.opType}`)) {
      fail(source, fieldOf, `Node "${node.name}" calls a function of the model, ${node.opType}.`, node);
    }
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.type === 'graph') checkNoFunctions(attribute.value, functions, source, fieldOf);
    }
  }
}

/** OperatorSetIdProto */
async function readOpset(source: ByteSource, field: Field): Promise<[domain: string, version: number]> {
  const opset: [string, number] = ['', 0];
  await scan(
    source,
    {
      1: text('domain', (value) => {
        opset[0] = normalDomain(value);
      }),
      2: int('version', (value) => {
        opset[1] = value;
      }),
    },
    field,
  );
  return opset;
}

/** `domain:name` of a FunctionProto */
async function readFunctionName(source: ByteSource, field: Field): Promise<string> {
  const state = { name: '', domain: '' };
  await scan(
    source,
    {
      1: text('name', (value) => {
        state.name = value;
      }),
      10: text('domain', (value) => {
        state.domain = normalDomain(value);
      }),
    },
    field,
  );
  return `${state.domain}:${state.name}`;
}
