/**
 * Static cost of a graph: what a step must compute and hold, known before anything runs. Counts what the graph says, not
 * what a runtime makes of it.
 */
import { byteLengthOf } from '../onnx';
import { intOf } from './attributes';
import { dimAt, sizeOf } from './shapes';
import type { EmittedNode, TensorType, Value } from './types';

export interface GraphCost {
  readonly nodes: number;
  /** Multiplications and additions of matrix products, plus one per element of every other output. */
  readonly flops: number;
  /** Bytes read and written by all nodes. */
  readonly movedBytes: number;
  /** Largest sum of the values made here that are alive at the same time, outputs included, run in file order. */
  readonly peakLiveBytes: number;
  /** What is fed anew at each run. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Weights of the file that the graph binds, and what is derived from weights ahead of time; every graph shares them. */
  readonly weightBytes: number;
  readonly derivedBytes: number;
  /** Of all of the above: a device may hold them together and yet refuse one buffer of this size. */
  readonly largestTensorBytes: number;
}

/** What a graph reads and does not make. */
export interface GraphLeaves {
  readonly inputs: readonly TensorType[];
  readonly weights: readonly TensorType[];
  readonly derived: readonly TensorType[];
}

const PRODUCTS: ReadonlySet<string> = new Set(['MatMul', 'FusedMatMul', 'Gemm', 'MatMulNBits']);
/** Operators that only rename a buffer. */
const ALIASES: ReadonlySet<string> = new Set(['Reshape', 'Identity']);

function flopsOf(node: EmittedNode): number {
  const [a] = node.inputs;
  const outputs = node.outputs.reduce((sum, output) => sum + sizeOf(output.dims), 0);
  if (!a || !PRODUCTS.has(node.opType)) return ALIASES.has(node.opType) ? 0 : outputs;
  const k = intOf(node.attributes, 'transA', 0) ? dimAt(a.dims, -2) : dimAt(a.dims, -1);
  return 2 * outputs * k;
}

const bytesOf = ({ dataType, dims }: TensorType): number => byteLengthOf(dataType, dims);
const sumOf = (types: readonly TensorType[]): number => types.reduce((sum, type) => sum + bytesOf(type), 0);

export function costOf(nodes: readonly EmittedNode[], outputs: readonly Value[], leaves: GraphLeaves): GraphCost {
  const lastUse = new Map<Value, number>();
  nodes.forEach((node, i) => {
    for (const input of node.inputs) if (input) lastUse.set(input, i);
  });
  for (const output of outputs) lastUse.set(output, nodes.length);
  const made = new Set(nodes.flatMap((node) => node.outputs));
  let [flops, movedBytes, live, peakLiveBytes] = [0, 0, 0, 0];
  nodes.forEach((node, i) => {
    const alias = ALIASES.has(node.opType);
    const written = sumOf(node.outputs);
    flops += flopsOf(node);
    if (!alias) movedBytes += written + node.inputs.reduce((sum, input) => sum + (input ? bytesOf(input) : 0), 0);
    live += written;
    peakLiveBytes = Math.max(peakLiveBytes, live);
    for (const input of new Set(node.inputs)) {
      if (input && made.has(input) && lastUse.get(input) === i) live -= bytesOf(input);
    }
    for (const output of node.outputs) if (!lastUse.has(output)) live -= bytesOf(output);
  });
  const { inputs, weights, derived } = leaves;
  return {
    nodes: nodes.length,
    flops,
    movedBytes,
    peakLiveBytes,
    inputBytes: sumOf(inputs),
    outputBytes: sumOf(outputs),
    weightBytes: sumOf(weights),
    derivedBytes: sumOf(derived),
    largestTensorBytes: [...made, ...inputs, ...weights, ...derived].reduce(
      (most, type) => Math.max(most, bytesOf(type)),
      0,
    ),
  };
}
