/**
 * Static cost of a graph: what a step must compute and hold, known before anything runs. Counts what the graph says, not
 * what a runtime makes of it.
 */
import { intOf } from './attributes';
import { dimAt, sizeOf } from './shapes';
import type { EmittedNode, TensorType, Value } from './types';

export interface GraphCost {
  readonly nodes: number;
  /** Multiplications and additions of matrix products, plus one per element of every other output. */
  readonly flops: number;
  /** Bytes read and written by all nodes. */
  readonly movedBytes: number;
  /** Largest sum of the intermediate values that are alive at the same time, run in file order. */
  readonly peakLiveBytes: number;
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

export function costOf(
  nodes: readonly EmittedNode[],
  outputs: readonly Value[],
  bytesOf: (type: TensorType) => number,
): GraphCost {
  const lastUse = new Map<Value, number>();
  nodes.forEach((node, i) => {
    for (const input of node.inputs) if (input) lastUse.set(input, i);
  });
  for (const output of outputs) lastUse.set(output, nodes.length);
  const made = new Set(nodes.flatMap((node) => node.outputs));
  let [flops, movedBytes, live, peakLiveBytes] = [0, 0, 0, 0];
  nodes.forEach((node, i) => {
    const alias = ALIASES.has(node.opType);
    const written = node.outputs.reduce((sum, output) => sum + bytesOf(output), 0);
    flops += flopsOf(node);
    if (!alias) movedBytes += written + node.inputs.reduce((sum, input) => sum + (input ? bytesOf(input) : 0), 0);
    live += written;
    peakLiveBytes = Math.max(peakLiveBytes, live);
    for (const input of new Set(node.inputs)) {
      if (input && made.has(input) && lastUse.get(input) === i) live -= bytesOf(input);
    }
    for (const output of node.outputs) if (!lastUse.has(output)) live -= bytesOf(output);
  });
  return { nodes: nodes.length, flops, movedBytes, peakLiveBytes };
}
