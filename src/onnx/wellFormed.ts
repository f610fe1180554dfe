/**
 * What must hold across the fields of a model: every value is defined once, before its first use, and every graph output
 * exists. Nodes that stand in a wrong order are sorted; a cycle, or a value from nowhere, is an error.
 * Operators and shapes are not looked at.
 */

import type { Graph, Node } from './ir';

/** Reports a fault at this node, or at the graph itself. */
export type Fail = (message: string, node?: Node) => never;

/** The graph, its nodes in an order that can be run; the same object where nothing had to be moved. */
export function wellFormed(graph: Graph, fail: Fail, isInScope: (name: string) => boolean = () => false): Graph {
  const defined = new Set<string>(graph.initializers.keys());
  for (const { name } of graph.inputs) {
    if (defined.has(name)) fail(`The graph has two inputs with the name "${name}".`);
    defined.add(name);
  }
  const isDefined = (name: string) => defined.has(name) || isInScope(name);
  const nodes = sorted(graph, producers(graph.nodes, defined, fail), fail).map((node) => {
    for (const input of node.inputs) {
      if (input !== '' && !isDefined(input)) fail(`Node ${label(node)} takes "${input}", which nothing defines.`, node);
    }
    const checked = checkSubgraphs(node, fail, isDefined);
    for (const output of node.outputs) if (output !== '') defined.add(output);
    return checked;
  });
  for (const { name } of graph.outputs) {
    if (!isDefined(name)) fail(`The graph gives out "${name}", which nothing defines.`);
  }
  return nodes.every((node, i) => node === graph.nodes[i]) ? graph : { ...graph, nodes };
}

function label(node: Node): string {
  return `"${node.name || node.outputs[0] || ''}" (${node.opType})`;
}

/** Output name → index of its node. */
function producers(nodes: readonly Node[], defined: ReadonlySet<string>, fail: Fail): Map<string, number> {
  const producer = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (producer.has(output) || defined.has(output)) {
        fail(`Node ${label(node)} defines "${output}", which is defined already.`, node);
      }
      producer.set(output, index);
    }
  });
  return producer;
}

/** Depth-first, from the first node to the last: an order that is right already stays as it is. */
function sorted(graph: Graph, producer: ReadonlyMap<string, number>, fail: Fail): Node[] {
  const order: Node[] = [];
  const state = new Uint8Array(graph.nodes.length); // 0 not seen, 1 its inputs are being visited, 2 in the order
  const dependencies = (node: Node) => [...node.inputs, ...subgraphs(node).flatMap((inner) => [...freeNames(inner)])];
  for (let root = 0; root < graph.nodes.length; root++) {
    if (state[root] !== 0) continue;
    const stack = [{ index: root, names: dependencies(graph.nodes[root] as Node), next: 0 }];
    state[root] = 1;
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const name = top.names[top.next++];
      if (name === undefined) {
        state[top.index] = 2;
        order.push(graph.nodes[top.index] as Node);
        stack.pop();
        continue;
      }
      const index = producer.get(name);
      if (index === undefined || state[index] === 2) continue;
      const node = graph.nodes[index] as Node;
      if (state[index] === 1) fail(`Node ${label(node)} needs its own output: the graph has a cycle.`, node);
      state[index] = 1;
      stack.push({ index, names: dependencies(node), next: 0 });
    }
  }
  return order;
}

function subgraphs(node: Node): Graph[] {
  return Object.values(node.attributes).flatMap((attribute) => (attribute.type === 'graph' ? [attribute.value] : []));
}

/** Names that a graph uses and does not define: they come from the graphs around it. */
function freeNames(graph: Graph): Set<string> {
  const own = new Set([
    ...graph.initializers.keys(),
    ...graph.inputs.map((input) => input.name),
    ...graph.nodes.flatMap((node) => node.outputs),
  ]);
  const used = [
    ...graph.nodes.flatMap((node) => [...node.inputs, ...subgraphs(node).flatMap((inner) => [...freeNames(inner)])]),
    ...graph.outputs.map((output) => output.name),
  ];
  return new Set(used.filter((name) => name !== '' && !own.has(name)));
}

function checkSubgraphs(node: Node, fail: Fail, isDefined: (name: string) => boolean): Node {
  if (subgraphs(node).length === 0) return node;
  let changed = false;
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([name, attribute]) => {
      if (attribute.type !== 'graph') return [name, attribute];
      const value = wellFormed(attribute.value, (message, inner) => fail(message, inner ?? node), isDefined);
      changed ||= value !== attribute.value;
      return [name, { type: 'graph' as const, value }];
    }),
  );
  return changed ? { ...node, attributes } : node;
}
