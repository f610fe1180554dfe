/**
 * A line of the operator tables as a graph that returns the operator's outputs and, for L = Σ r · y with a random r, the
 * gradient of L that the rules give for each operand. Runs in Node and in the page.
 */
import { GraphBuilder } from '../../src/autodiff/builder';
import { type CompiledGraph, compile } from '../../src/autodiff/compiled';
import { decoderContext, denseLayout } from '../../src/autodiff/decoderContext';
import { differentiate } from '../../src/autodiff/differentiate';
import { Ops } from '../../src/autodiff/ops';
import { rules } from '../../src/autodiff/rules';
import { sizeOf } from '../../src/autodiff/shapes';
import type { CompileTarget, TensorType, Value } from '../../src/autodiff/types';
import type { Node, TensorData } from '../../src/onnx';
import { byteLengthOf } from '../../src/onnx';
import type { Backend, DeviceTensor } from '../../src/runtime';
import { bytesOfArray, Program, WeightStore } from '../../src/runtime';
import { randomGrid, randomSource } from '../support/random';
import type { Operand, RuleCase } from './ruleLines';

export interface Feed {
  readonly dataType: 'float32' | 'int64' | 'bool';
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array | Uint8Array;
}

export interface RuleGraph {
  readonly graph: CompiledGraph;
  readonly feeds: Readonly<Record<string, Feed>>;
  readonly weights: readonly TensorData[];
  /** Inputs whose gradient is checked; the output `gradient.{name}` holds it. */
  readonly trainables: readonly string[];
  /** r of each output that the loss depends on, by the output's name. */
  readonly cotangents: Readonly<Record<string, Float32Array>>;
  /** The operands that are known when the graph is built, by the input's name. */
  readonly known: Readonly<Record<string, Value>>;
  /** Types of the outputs y0, y1 … of the operator. */
  readonly outputs: Readonly<Record<string, TensorType>>;
  /** The node as it stands in a file. */
  readonly node: Node;
  /** Whether the whole line is computed when the graph is built. */
  readonly folds: boolean;
}

export function describeCase({ op, inputs, attributes, note }: RuleCase): string {
  const shapes = inputs.map((operand) =>
    operand === null ? '–' : 'same' in operand ? 'itself' : `[${operand.dims.join(', ')}]`,
  );
  const settings = Object.entries(attributes ?? {}).map(
    ([name, { type, value }]) => `${name} ${type === 'tensor' ? `[${value.dims.join(', ')}]` : value}`,
  );
  return [`${op} ${shapes.join(' ')}`, ...settings, ...(note ? [note] : [])].join(', ');
}

export function buildRuleGraph(it: RuleCase, target: CompileTarget, seed: number): RuleGraph {
  const random = randomSource(seed);
  const builder = new GraphBuilder(target);
  const ops = new Ops(builder);
  const feeds: Record<string, Feed> = {};
  const weights: TensorData[] = [];
  const known: Record<string, Value> = {};
  const trainables: Value[] = [];
  const operands: (Value | null)[] = [];

  const floatInput = (name: string, dims: readonly number[], data: Float32Array): Value => {
    feeds[name] = { dataType: 'float32', dims, data };
    return builder.input(name, 'float32', dims);
  };
  const weight = (name: string, it: Extract<Operand, { weight: string }>): Value => {
    const bytes =
      it.weight === 'float32'
        ? bytesOfArray(randomGrid(random, sizeOf(it.dims), it.low, it.high))
        : Uint8Array.from({ length: byteLengthOf(it.weight, it.dims) }, () => Math.floor(random() * 256));
    weights.push({ name, dataType: it.weight, dims: it.dims, byteLength: bytes.byteLength, bytes });
    return builder.weight({ weight: name, dataType: it.weight, dims: it.dims });
  };
  const operandOf = (operand: Operand, name: string): Value | null => {
    if (operand === null) return null;
    if ('same' in operand) return operands[operand.same] as Value;
    if ('literal' in operand) {
      const value = builder.literal(operand.literal, operand.dims, operand.values);
      known[name] = value;
      return value;
    }
    if ('weight' in operand) return weight(name, operand);
    if ('input' in operand) {
      const data =
        operand.input === 'bool' ? Uint8Array.from(operand.values) : BigInt64Array.from(operand.values, BigInt);
      feeds[name] = { dataType: operand.input, dims: operand.dims, data };
      return builder.input(name, operand.input, operand.dims);
    }
    if ('apart' in operand) {
      const value = floatInput(name, operand.dims, numbersApart(random, sizeOf(operand.dims)));
      trainables.push(value);
      return value;
    }
    const value = floatInput(name, operand.dims, randomGrid(random, sizeOf(operand.dims), operand.low, operand.high));
    if (!operand.frozen) trainables.push(value);
    return value;
  };
  it.inputs.forEach((operand, i) => {
    operands.push(operandOf(operand, `x${i}`));
  });

  const node = nodeOf(it);
  const outputs = it.file
    ? opened(ops, it, node, operands)
    : builder.emit(node.opType, operands, node.attributes, { domain: node.domain, outputs: it.outputs ?? 1 });
  const used = usedOutputs(it).map((i) => ({ name: `y${i}`, value: outputs[i] as Value }));
  const cotangents: Record<string, Float32Array> = {};
  const seeds = used.flatMap(({ name, value }) => {
    if (value.dataType !== 'float32') return [];
    const r = randomGrid(random, sizeOf(value.dims), -1, 1);
    cotangents[name] = r;
    return [{ value, gradient: floatInput(`r.${name}`, value.dims, r) }];
  });
  const results: Record<string, Value> = {};
  for (const { name, value } of used) results[name] = ops.cast(value, 'float32');
  for (const value of trainables) results[`gradient.${value.name}`] = differentiate(ops, seeds, value);
  return {
    graph: compile(builder, results),
    feeds,
    weights,
    trainables: trainables.map(({ name }) => name),
    cotangents,
    known,
    outputs: Object.fromEntries(used.map(({ name, value: { dataType, dims } }) => [name, { dataType, dims }])),
    node,
    folds: used.every(({ value }) => value.literal !== null),
  };
}

const usedOutputs = ({ used, outputs = 1 }: RuleCase): readonly number[] =>
  used ?? Array.from({ length: outputs }, (_, i) => i);

function nodeOf(it: RuleCase): Node {
  const split = it.op.lastIndexOf('.');
  const used = usedOutputs(it);
  return {
    name: 'node',
    opType: it.op.slice(split + 1),
    domain: it.op.slice(0, Math.max(0, split)),
    inputs: it.inputs.map((operand, i) => (operand ? `x${'same' in operand ? operand.same : i}` : '')),
    outputs: Array.from({ length: it.outputs ?? 1 }, (_, i) => (used.includes(i) ? `y${i}` : '')),
    attributes: it.attributes ?? {},
  };
}

/** What `lower` makes of a node of a file, in a decoder whose slots are all full; else the operator as it stands. */
function opened(ops: Ops, it: RuleCase, node: Node, inputs: readonly (Value | null)[]): readonly (Value | null)[] {
  const { batch, past, time } = it.layout ?? { batch: 1, past: 0, time: 1 };
  const decoder = decoderContext(ops, denseLayout(ops, batch, past, time));
  const rule = rules[it.op];
  if (rule?.lower) {
    return rule.lower({ ops, node, inputs, opset: node.domain === '' ? (it.opset ?? 21) : 1, decoder });
  }
  const { opType, domain, attributes } = node;
  return ops.builder.emit(opType, inputs, attributes, { domain, outputs: it.outputs ?? 1 });
}

/** Numbers of both signs, none within 0.3 of zero, and no two within 2 / count of each other, in random order. */
function numbersApart(random: () => number, count: number): Float32Array {
  const numbers = Array.from({ length: count }, (_, i) => (i % 2 ? -1 : 1) * (0.3 + (1.2 * i) / count));
  for (let i = count - 1; i > 0; i--) {
    const k = Math.floor(random() * (i + 1));
    [numbers[i], numbers[k]] = [numbers[k] as number, numbers[i] as number];
  }
  return Float32Array.from(numbers, (value) => Math.round(value * 1024) / 1024);
}

export interface OpenRule {
  /** Outputs as float32; inputs named in `changed` hold other numbers than the graph's own. */
  run(changed?: Readonly<Record<string, Float32Array>>): Promise<Record<string, Float32Array>>;
  close(): Promise<void>;
}

export async function openRule(backend: Backend, { graph, feeds, weights }: RuleGraph): Promise<OpenRule> {
  const store = new WeightStore(backend);
  for (const weight of weights) store.add(weight);
  const program = await Program.open(graph, store);
  const wanted = graph.inputs.filter(({ name }) => feeds[name]);
  const tensors: Record<string, DeviceTensor> = Object.fromEntries(
    wanted.map(({ name, dataType, dims }) => [
      name,
      backend.upload(dataType, dims, bytesOfArray((feeds[name] as Feed).data)),
    ]),
  );
  return {
    async run(changed = {}) {
      for (const [name, values] of Object.entries(changed)) {
        backend.write(tensors[name] as DeviceTensor, bytesOfArray(values));
      }
      const outputs = await program.run(tensors);
      const read: Record<string, Float32Array> = {};
      for (const [name, tensor] of Object.entries(outputs)) {
        read[name] = new Float32Array((await backend.read(tensor)).slice().buffer);
        backend.free(tensor);
      }
      for (const name of Object.keys(changed)) {
        backend.write(tensors[name] as DeviceTensor, bytesOfArray((feeds[name] as Feed).data));
      }
      return read;
    },
    async close() {
      for (const tensor of Object.values(tensors)) backend.free(tensor);
      await program.release();
      await store.dispose();
    },
  };
}
