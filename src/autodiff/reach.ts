/**
 * Which part of what is trained reaches a node of the model's file, by the name a person knows it by: the prefix of the
 * nearest layer above the node. For error messages only, so it reads the file's graph as it stands, by names.
 */
import type { Graph, Node } from '../onnx';
import type { Decoder } from './decoder';

/** Names a node reads; an `If` also reads what its branches take from outside. */
export function namesRead(node: Node): string[] {
  const inside = Object.values(node.attributes).flatMap((attribute) =>
    attribute.type === 'graph' ? [...outputNames(attribute.value), ...attribute.value.nodes.flatMap(namesRead)] : [],
  );
  return [...node.inputs, ...inside];
}

export const outputNames = (graph: Graph): string[] => graph.outputs.map(({ name }) => name);

/** All nodes of a graph and of the graphs inside it. */
export function* nodesOf(graph: Graph): Generator<Node> {
  for (const node of graph.nodes) {
    yield node;
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.type === 'graph') yield* nodesOf(attribute.value);
    }
  }
}

/** A node as errors name it. */
export const nameOf = (node: Node): string => node.name || (node.outputs[0] ?? node.opType);

/** What a person calls the inputs that a prefix takes the place of. */
function prefixNames({ layers }: Decoder): Map<string, string> {
  return new Map(
    layers.flatMap(({ pastKey, pastValue }, layer) => [
      [pastKey, `the prefix of layer ${layer}'s keys (${pastKey})`] as const,
      [pastValue, `the prefix of layer ${layer}'s values (${pastValue})`] as const,
    ]),
  );
}

/** @returns the nearest of the decoder's past inputs above the node, named for a person; null where none reaches it */
export function prefixReaching(decoder: Decoder, nodeName: string): string | null {
  const prefixes = prefixNames(decoder);
  const producers = new Map<string, Node>();
  let start: Node | undefined;
  for (const node of nodesOf(decoder.model.graph)) {
    for (const output of node.outputs) producers.set(output, node);
    if (nameOf(node) === nodeName) start ??= node;
  }
  const seen = new Set<string>();
  let level = start ? namesRead(start) : [];
  while (level.length > 0) {
    const found = level.find((name) => prefixes.has(name));
    if (found) return prefixes.get(found) ?? null;
    const next = level.flatMap((name) => {
      const producer = producers.get(name);
      return producer ? namesRead(producer) : [];
    });
    level = [...new Set(next)].filter((name) => name !== '' && !seen.has(name));
    for (const name of level) seen.add(name);
  }
  return null;
}
