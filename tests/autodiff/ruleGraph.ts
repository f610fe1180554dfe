/**
 * A line of ruleCases.ts as a graph that returns the operator's outputs and, for L = Σ r · y with a random r, the gradient
 * of L that the rule gives for each operand. Runs in Node and in the page.
 */
import { GraphBuilder } from '../../src/autodiff/builder';
import { type CompiledGraph, compile } from '../../src/autodiff/compiled';
import { differentiate } from '../../src/autodiff/differentiate';
import { Ops } from '../../src/autodiff/ops';
import { sizeOf } from '../../src/autodiff/shapes';
import type { CompileTarget, Value } from '../../src/autodiff/types';
import type { TensorData } from '../../src/onnx';
import type { Backend, DeviceTensor } from '../../src/runtime';
import { bytesOfArray, Program, WeightStore } from '../../src/runtime';
import { randomGrid, randomSource } from '../support/random';
import type { Operand, RuleCase } from './ruleCases';

export interface Feed {
  readonly dataType: 'float32' | 'int64';
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export interface RuleGraph {
  readonly graph: CompiledGraph;
  readonly feeds: Readonly<Record<string, Feed>>;
  readonly weights: readonly TensorData[];
  /** Inputs whose gradient is checked; the output `gradient.{name}` holds it. */
  readonly trainables: readonly string[];
  /** r of each output that the loss depends on, by the output's name. */
  readonly cotangents: Readonly<Record<string, Float32Array>>;
}

export function describeCase({ op, inputs, attributes, note }: RuleCase): string {
  const shapes = inputs.map((operand) =>
    operand === null ? '–' : 'same' in operand ? 'itself' : `[${operand.dims.join(', ')}]`,
  );
  const settings = Object.entries(attributes ?? {}).map(([name, { value }]) => `${name} ${value}`);
  return [`${op} ${shapes.join(' ')}`, ...settings, ...(note ? [note] : [])].join(', ');
}

export function buildRuleGraph(it: RuleCase, target: CompileTarget, seed: number): RuleGraph {
  const random = randomSource(seed);
  const builder = new GraphBuilder(target);
  const ops = new Ops(builder);
  const feeds: Record<string, Feed> = {};
  const weights: TensorData[] = [];
  const trainables: Value[] = [];
  const operands: (Value | null)[] = [];

  const floatInput = (name: string, dims: readonly number[], low: number, high: number): Value => {
    feeds[name] = { dataType: 'float32', dims, data: randomGrid(random, sizeOf(dims), low, high) };
    return builder.input(name, 'float32', dims);
  };
  const weight = (name: string, it: Extract<Operand, { weight: string }>): Value => {
    const count = sizeOf(it.dims);
    const bytes =
      it.weight === 'uint8'
        ? Uint8Array.from({ length: count }, () => Math.floor(random() * 256))
        : bytesOfArray(randomGrid(random, count, it.low, it.high));
    weights.push({ name, dataType: it.weight, dims: it.dims, byteLength: bytes.byteLength, bytes });
    return builder.weight({ weight: name, dataType: it.weight, dims: it.dims });
  };
  const operandOf = (operand: Operand, name: string): Value | null => {
    if (operand === null) return null;
    if ('same' in operand) return operands[operand.same] as Value;
    if ('literal' in operand) return builder.literal(operand.literal, operand.dims, operand.values);
    if ('weight' in operand) return weight(name, operand);
    if ('input' in operand) {
      feeds[name] = { dataType: 'int64', dims: operand.dims, data: BigInt64Array.from(operand.values, BigInt) };
      return builder.input(name, 'int64', operand.dims);
    }
    const value = floatInput(name, operand.dims, operand.low, operand.high);
    if (!operand.frozen) trainables.push(value);
    return value;
  };
  it.inputs.forEach((operand, i) => {
    operands.push(operandOf(operand, `x${i}`));
  });

  const [domain, opType] = it.op.includes('.') ? ['com.microsoft', it.op.split('.').at(-1) as string] : ['', it.op];
  const outputs = builder.emit(opType, operands, it.attributes ?? {}, { domain, outputs: it.outputs ?? 1 });
  const used = (it.used ?? outputs.map((_, i) => i)).map((i) => ({ name: `y${i}`, value: outputs[i] as Value }));
  const cotangents: Record<string, Float32Array> = {};
  const seeds = used.map(({ name, value }) => {
    const gradient = floatInput(`r.${name}`, value.dims, -1, 1);
    cotangents[name] = feeds[gradient.name]?.data as Float32Array;
    return { value, gradient };
  });
  const results: Record<string, Value> = Object.fromEntries(used.map(({ name, value }) => [name, value]));
  for (const value of trainables) results[`gradient.${value.name}`] = differentiate(ops, seeds, value);
  return {
    graph: compile(builder, results),
    feeds,
    weights,
    trainables: trainables.map(({ name }) => name),
    cotangents,
  };
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
