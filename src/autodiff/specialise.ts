/**
 * Specialise and lower in one walk over the model's graph: every value gets a static type, shape arithmetic folds away,
 * fused operators open into primitives that have gradient rules. The result stands in the builder.
 */
import { ModelError } from '../errors';
import { type Initializer, type Node, numbersOf } from '../onnx';
import { ruleOf, unsupported } from './builder';
import type { Decoder } from './decoder';
import type { DecoderContext } from './decoderContext';
import type { Ops } from './ops';
import { computeType, sizeOf } from './shapes';
import type { Value } from './types';

/** Integers and scalars are part of the program; everything else is data and stays in the weight store. */
function initializerValue(ops: Ops, initializer: Initializer): Value {
  const { name, dataType, dims, bytes } = initializer;
  const isProgram = dataType === 'int64' || dataType === 'int32' || dataType === 'bool' || sizeOf(dims) === 1;
  if (bytes && isProgram) {
    return ops.builder.literal(computeType(dataType), dims, numbersOf({ ...initializer, bytes }));
  }
  return ops.builder.weight({ weight: name, dataType, dims });
}

/** The nodes that the wanted outputs depend on, in the file's order. */
function neededNodes(nodes: readonly Node[], wanted: readonly string[]): Node[] {
  const needed = new Set(wanted);
  const kept: Node[] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as Node;
    if (!node.outputs.some((name) => name !== '' && needed.has(name))) continue;
    for (const name of node.inputs) needed.add(name);
    kept.push(node);
  }
  return kept.reverse();
}

/**
 * @param feeds values for the graph's inputs, by name
 * @returns values of the wanted outputs, in order
 */
export function specialise(
  ops: Ops,
  { model }: Decoder,
  decoder: DecoderContext,
  feeds: ReadonlyMap<string, Value>,
  wanted: readonly string[],
): Value[] {
  const { graph, opsets } = model;
  const values = new Map<string, Value | null>(feeds);
  const resolve = (name: string, node: Node): Value | null => {
    if (name === '') return null;
    const value = values.get(name);
    if (value) return value;
    const initializer = graph.initializers.get(name);
    if (!initializer) {
      throw new ModelError(`${node.opType} reads ${name}, which Prelude cannot provide.`, {
        node: node.name,
        field: name,
      });
    }
    const made = initializerValue(ops, initializer);
    values.set(name, made);
    return made;
  };
  for (const node of neededNodes(graph.nodes, wanted)) {
    ops.builder.origin = node.name || (node.outputs[0] ?? node.opType);
    const rule = ruleOf(node.domain, node.opType);
    if (!rule) throw unsupported(node.domain, node.opType, ops.builder.origin);
    const inputs = node.inputs.map((name) => resolve(name, node));
    const opset = opsets[node.domain] ?? 1;
    const outputs = lowerNode(
      () =>
        rule.lower
          ? rule.lower({ ops, node, inputs, opset, decoder })
          : ops.builder.emit(node.opType, inputs, node.attributes, {
              domain: node.domain,
              outputs: node.outputs.length,
            }),
      node,
    );
    node.outputs.forEach((name, i) => {
      if (name !== '') values.set(name, outputs[i] ?? null);
    });
  }
  ops.builder.origin = '';
  return wanted.map((name) => {
    const value = values.get(name);
    if (!value) throw new ModelError(`The graph's output ${name} is not computed by any node.`, { field: name });
    return value;
  });
}

function lowerNode(lower: () => readonly (Value | null)[], node: Node): readonly (Value | null)[] {
  try {
    return lower();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ModelError(
      `${node.opType} has shapes that do not fit together: ${cause.message}.`,
      { node: node.name || (node.outputs[0] ?? '') },
      'The file may be damaged, or its config.json may belong to another model.',
      { cause },
    );
  }
}
