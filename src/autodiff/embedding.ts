/**
 * Where a decoder's tokens become vectors: the place where virtual tokens join the text. Found by following the ids to the
 * table they are looked up in, and the vectors through what only rescales them.
 */
import { ModelError } from '../errors';
import type { Graph, Node } from '../onnx';
import { GraphBuilder } from './builder';
import { type CompiledGraph, compile } from './compiled';
import type { Decoder } from './decoder';
import { decoderContext, denseLayout } from './decoderContext';
import { idsInput, noPasts, textFeeds } from './feeds';
import { names } from './names';
import { Ops } from './ops';
import { nodesOf } from './reach';
import { dimAt, sizeOf } from './shapes';
import { specialise } from './specialise';
import type { CompileTarget, Value } from './types';

/** Operators that hand ids on as they are. */
const SAME_IDS: ReadonlySet<string> = new Set(['Cast', 'Reshape', 'Unsqueeze', 'Squeeze', 'Identity', 'Flatten']);
const LOOKUPS: ReadonlySet<string> = new Set(['Gather', 'GatherBlockQuantized']);
/** Operators between the table and the vectors that the layers read. */
const SAME_VECTORS: ReadonlySet<string> = new Set(['Cast', 'Reshape', 'Identity', 'DequantizeLinear']);
const RESCALING: ReadonlySet<string> = new Set(['Mul', 'Div']);

const HINT = 'Choose prefix-tuning or LoRA for this model, or another export of it.';

/**
 * The values of the file that are the text's embeddings, [batch, time, hidden]; a merged decoder has one in each branch.
 * @throws ModelError where there is none, or one graph looks ids up in several tables
 */
export function embeddingOutputs(decoder: Decoder): string[] {
  const nodes = [...nodesOf(decoder.model.graph)];
  const readers = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const input of new Set(node.inputs)) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const isConstant = constants(decoder, nodes);
  const lookups = lookupsOf(decoder.inputIds, readers);
  refuseSeveral(decoder.model.graph, new Set(lookups), new Set());
  const found = new Set(lookups.map((lookup) => vectorsBehind(lookup, readers, isConstant)));
  if (found.size === 0) throw new ModelError('The graph looks its ids up in no table that Prelude finds.', {}, HINT);
  return [...found];
}

function lookupsOf(inputIds: string, readers: ReadonlyMap<string, readonly Node[]>): Node[] {
  const found = new Set<Node>();
  const seen = new Set([inputIds]);
  const open = [inputIds];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const node of readers.get(name) ?? []) {
      const [output] = node.outputs;
      if (LOOKUPS.has(node.opType) && node.inputs[1] === name) found.add(node);
      if (!SAME_IDS.has(node.opType) || node.inputs[0] !== name || !output || seen.has(output)) continue;
      seen.add(output);
      open.push(output);
    }
  }
  return [...found];
}

/** @param outside tables that the graphs around this one look ids up in */
function refuseSeveral(graph: Graph, lookups: ReadonlySet<Node>, outside: ReadonlySet<string>): void {
  const tables = new Set(outside);
  for (const node of graph.nodes) if (lookups.has(node)) tables.add(node.inputs[0] ?? '');
  if (tables.size > 1) {
    throw new ModelError(`The graph looks its ids up in several tables: ${[...tables].join(', ')}.`, {}, HINT);
  }
  for (const { attributes } of graph.nodes) {
    for (const attribute of Object.values(attributes)) {
      if (attribute.type === 'graph') refuseSeveral(attribute.value, lookups, tables);
    }
  }
}

/** Follows a looked-up vector while its one reader only rescales or retypes it. */
function vectorsBehind(
  lookup: Node,
  readers: ReadonlyMap<string, readonly Node[]>,
  isConstant: (name: string) => boolean,
): string {
  let name = lookup.outputs[0] as string;
  for (;;) {
    const all = readers.get(name) ?? [];
    const [reader] = all;
    if (!reader || all.length > 1) return name;
    const others = reader.inputs.filter((input) => input !== name && input !== '');
    const passes =
      (SAME_VECTORS.has(reader.opType) && reader.inputs[0] === name) ||
      (RESCALING.has(reader.opType) && others.every(isConstant));
    if (!passes) return name;
    name = reader.outputs[0] as string;
  }
}

/** Whether a value is a single number that no input of the graph changes. */
function constants(decoder: Decoder, nodes: readonly Node[]): (name: string) => boolean {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const { initializers } = decoder.model.graph;
  const isConstant = (name: string): boolean => {
    const initializer = initializers.get(name);
    if (initializer) return sizeOf(initializer.dims) === 1;
    const producer = producers.get(name);
    if (!producer || decoder.model.graph.inputs.some((input) => input.name === name)) return false;
    return producer.opType === 'Constant' || (producer.inputs.length > 0 && producer.inputs.every(isConstant));
  };
  return isConstant;
}

/** Vectors of given tokens: inputs `input_ids` [1, tokens], output `embeddings` [tokens, hidden]. */
export function buildEmbeddingGraph(decoder: Decoder, tokens: number, target: CompileTarget): CompiledGraph {
  const ops = new Ops(new GraphBuilder(target));
  return compile(ops.builder, { [names.embeddings]: embeddingsOf(ops, decoder, tokens) });
}

/** Declares the input `input_ids` [1, tokens]. @returns [tokens, hidden] */
export function embeddingsOf(ops: Ops, decoder: Decoder, tokens: number): Value {
  const layout = denseLayout(ops, 1, 0, tokens);
  const ids = idsInput(ops, 1, tokens);
  const feeds = new Map([...textFeeds(ops, decoder, { ids, layout }), ...noPasts(ops, decoder, 1)]);
  let vectors: Value | null = null;
  const keep = (value: Value) => {
    vectors = value;
    return value;
  };
  const places = embeddingOutputs(decoder);
  const replace = new Map(places.map((name) => [name, keep]));
  // Inside of a branch nothing can be asked for by name.
  const isOutside = decoder.model.graph.nodes.some(({ outputs }) => outputs.includes(places[0] as string));
  const wanted = isOutside ? places : [decoder.logits];
  specialise(ops, decoder, decoderContext(ops, layout), { feeds, replace }, wanted);
  const found = vectors as Value | null;
  if (!found) throw new ModelError('The graph does not read its ids.', {}, HINT);
  return ops.reshape(found, [tokens, dimAt(found.dims, -1)]);
}
