/** What ONNX Runtime itself computes for a line of a file: the node as it stands, or nodes that mean the same. */
import { elementCount, numbersOf, tensorFromNumbers, writeModel } from '../../src/onnx';
import { bytesOfArray, type WasmBackend } from '../../src/runtime';
import type { Feed, RuleGraph } from './ruleGraph';
import type { RuleCase } from './ruleLines';

export interface Truth {
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

export async function askOnnxRuntime(
  backend: WasmBackend,
  { oracle, opset = 21 }: RuleCase,
  { node, feeds, weights, known, outputs }: RuleGraph,
): Promise<Record<string, Truth>> {
  const nodes = oracle && 'nodes' in oracle ? oracle.nodes : [node];
  const made = new Set(nodes.flatMap((one) => one.outputs));
  const read = new Set(nodes.flatMap((one) => one.inputs).filter((name) => name !== '' && !made.has(name)));
  const constants = [
    ...weights,
    ...Object.entries(known).map(([name, { dataType, dims, literal }]) =>
      tensorFromNumbers(name, dataType, dims, literal ?? []),
    ),
  ].filter(({ name }) => read.has(name));
  const fed = Object.entries(feeds).filter(([name]) => read.has(name));
  const model = writeModel({
    irVersion: 10,
    opsets: { '': opset, 'com.microsoft': 1 },
    producer: 'test',
    graph: {
      name: 'oracle',
      nodes,
      inputs: fed.map(([name, { dataType, dims }]) => ({ name, dataType, dims })),
      outputs: Object.entries(outputs).map(([name, { dataType, dims }]) => ({ name, dataType, dims })),
      initializers: new Map(constants.map((tensor) => [tensor.name, tensor])),
    },
  });
  const session = await backend.createSession(model);
  const tensors = Object.fromEntries(
    fed.map(([name, feed]: [string, Feed]) => [
      name,
      backend.upload(feed.dataType, feed.dims, bytesOfArray(feed.data)),
    ]),
  );
  const results = await session.run(tensors);
  const truth: Record<string, Truth> = {};
  for (const [name, tensor] of Object.entries(results)) {
    const { dataType, dims } = tensor;
    const bytes = (await backend.read(tensor)).slice();
    truth[name] = {
      dims,
      values: elementCount(dims) === 0 ? [] : numbersOf({ name, dataType, dims, byteLength: bytes.byteLength, bytes }),
    };
    backend.free(tensor);
  }
  for (const tensor of Object.values(tensors)) backend.free(tensor);
  await session.release();
  return truth;
}
