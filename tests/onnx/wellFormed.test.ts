/** What must hold across a graph: each value is defined once and before its use. */

import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors';
import { type Graph, readModel } from '../../src/onnx';
import {
  chunked,
  type GraphInit,
  modelBytes,
  type NodeInit,
  nodesBytes,
  valueInfo,
  weightsBytes,
} from '../support/onnxFiles';

const read = async (bytes: Uint8Array) => (await readModel(chunked(bytes))).graph;

async function errorOf(bytes: Uint8Array): Promise<ModelError> {
  const result = await read(bytes).catch((error: unknown) => error);
  expect(result).toBeInstanceOf(ModelError);
  return result as ModelError;
}

const node = (input: string[], output: string[], more: Partial<NodeInit> = {}): NodeInit => ({
  opType: 'Sum',
  input,
  output,
  ...more,
});

const outputsOf = (graph: Graph) => graph.nodes.flatMap((n) => n.outputs);

it('nodes in a wrong order are sorted, the others keep their places', async () => {
  const graph = await read(nodesBytes(node(['b'], ['c']), node(['x'], ['a']), node(['a'], ['b']), node(['c'], ['y'])));
  expect(outputsOf(graph)).toEqual(['a', 'b', 'c', 'y']);
  const inOrder = [node(['x'], ['b']), node(['x'], ['a']), node(['a', 'b'], ['y']), node(['x'], ['z'])];
  expect(outputsOf(await read(nodesBytes(...inOrder)))).toEqual(['b', 'a', 'y', 'z']);
});

it('a chain of 20,000 nodes in reverse is sorted', async () => {
  const chain = Array.from({ length: 20_000 }, (_, i) =>
    node([i === 0 ? 'x' : `v${i}`], [i === 19_999 ? 'y' : `v${i + 1}`]),
  );
  const graph = await read(nodesBytes(...chain.reverse()));
  expect(graph.nodes[0]?.inputs).toEqual(['x']);
  expect(graph.nodes.at(-1)?.outputs).toEqual(['y']);
});

it('a cycle is an error that names a node of it', async () => {
  const error = await errorOf(
    nodesBytes(node(['x', 'b'], ['a'], { name: 'first' }), node(['a'], ['b']), node(['b'], ['y'])),
  );
  expect(error.message).toMatch(/"first" \(Sum\).*cycle/);
  expect(error.where).toMatchObject({ field: 'graph.node[0]', offset: expect.any(Number) });
  expect((await errorOf(nodesBytes(node(['y'], ['y'])))).message).toMatch(/cycle/);
});

it('a value from nowhere is an error, with the node that takes it', async () => {
  const error = await errorOf(nodesBytes(node(['x'], ['a']), node(['a', 'ghost'], ['y'])));
  expect(error.message).toMatch(/"y" \(Sum\) takes "ghost", which nothing defines/);
  expect(error.where.field).toBe('graph.node[1]');
  expect((await errorOf(nodesBytes(node(['x'], ['a'])))).message).toMatch(/gives out "y", which nothing defines/);
});

it('a value that is defined twice is an error', async () => {
  expect((await errorOf(nodesBytes(node(['x'], ['y']), node(['x'], ['y'])))).message).toMatch(
    /"y", which is defined already/,
  );
  expect((await errorOf(nodesBytes(node(['x'], ['x', 'y'])))).message).toMatch(/"x", which is defined already/);
  expect((await errorOf(modelBytes({ input: [valueInfo('x'), valueInfo('x')] }))).message).toMatch(/two inputs/);
});

it('empty names are inputs and outputs that are absent', async () => {
  const graph = await read(nodesBytes(node(['', 'x'], ['', '']), node(['x'], ['', 'y'])));
  expect(graph.nodes.map((n) => n.inputs)).toEqual([['', 'x'], ['x']]);
});

it('weights that old files list among the inputs are initializers only', async () => {
  const w = { name: 'w', dims: [1n], dataType: 1, floatData: [1] };
  const graph = await read(modelBytes({ input: [valueInfo('x'), valueInfo('w')], initializer: [w] }));
  expect(graph.inputs.map((input) => input.name)).toEqual(['x']);
  expect([...graph.initializers.keys()]).toEqual(['w']);
});

describe('graphs inside of nodes', () => {
  const branch = (name: string, graph: GraphInit) => ({ name, type: 5, g: graph });
  const ifNode = (then: GraphInit, output = ['y']): NodeInit => ({
    opType: 'If',
    input: ['x'],
    output,
    attribute: [branch('then_branch', then)],
  });

  it('see the values before them, of every graph around', async () => {
    const inner = { node: [node(['a'], ['t'])], output: [valueInfo('t')] };
    const outer = { node: [ifNode(inner, ['u'])], output: [valueInfo('u')] };
    const graph = await read(nodesBytes(node(['x'], ['a']), ifNode(outer)));
    expect(graph.nodes).toHaveLength(2);
  });

  it('make their node wait for the values that they take', async () => {
    const inner = { node: [node(['t0'], ['t']), node(['a'], ['t0'])], output: [valueInfo('t')] };
    const graph = await read(nodesBytes(ifNode(inner), node(['x'], ['a'])));
    expect(outputsOf(graph)).toEqual(['a', 'y']);
    const branchGraph = graph.nodes[1]?.attributes.then_branch?.value as Graph;
    expect(outputsOf(branchGraph)).toEqual(['t0', 't']);
  });

  it('may use the names of the outputs of their node, but not their values', async () => {
    const same = { node: [node(['x'], ['y'])], output: [valueInfo('y')] };
    expect(outputsOf(await read(nodesBytes(ifNode(same))))).toEqual(['y']);
    const own = { node: [node(['y'], ['t'])], output: [valueInfo('t')] };
    expect((await errorOf(nodesBytes(ifNode(own)))).message).toMatch(/cycle/);
  });

  it('a value from nowhere is reported where it stands', async () => {
    const inner = { node: [node(['ghost'], ['t'])], output: [valueInfo('t')] };
    const error = await errorOf(nodesBytes(ifNode(inner)));
    expect(error.where.field).toBe('graph.node[0].attribute[0].g.node[0]');
  });

  it('deliver their weights; two large ones of the same name cannot be told apart', async () => {
    const w = (count: number) => ({
      name: 'w',
      dims: [BigInt(count)],
      dataType: 1,
      rawData: new Uint8Array(count * 4),
    });
    const inner = (count: number) => ({ initializer: [w(count)], output: [valueInfo('w')] });
    const delivered: string[] = [];
    await readModel(chunked(nodesBytes(ifNode(inner(1000)))), { onTensor: ({ name }) => void delivered.push(name) });
    expect(delivered).toEqual(['w']);
    const two = (count: number) => nodesBytes(ifNode(inner(count), ['y']), ifNode(inner(count), ['z']));
    delivered.length = 0;
    await readModel(chunked(two(2)), { onTensor: ({ name }) => void delivered.push(name) });
    expect(delivered).toEqual(['w']); // small ones stay with their graphs, and the name comes once
    expect((await errorOf(two(1000))).message).toMatch(/different weights with the name "w"/);
  });

  it('may give out values without a shape', async () => {
    const unshaped = { name: 't', type: { value: { case: 'tensorType' as const, value: { elemType: 1 } } } };
    const graph = await read(nodesBytes(ifNode({ node: [node(['x'], ['t'])], output: [unshaped] })));
    const branchGraph = graph.nodes[0]?.attributes.then_branch?.value as Graph;
    expect(branchGraph.outputs).toEqual([{ name: 't', dataType: 'float32', dims: [], unranked: true }]);
  });
});

it('a weight that nothing uses is no fault', async () => {
  const graph = await read(weightsBytes({ name: 'w', dims: [1n], dataType: 1, floatData: [1] }));
  expect(graph.initializers.size).toBe(1);
});
