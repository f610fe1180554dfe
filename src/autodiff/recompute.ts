/**
 * Recomputation, also called gradient checkpointing (Chen et al. 2016): of the forward pass only what crosses from one
 * layer to the next is kept; the backward part computes the rest of a layer again when it comes to it. A third more
 * arithmetic, and memory that grows with the layers' boundaries instead of their insides.
 *
 * Where layers meet is read from the emitted nodes: between the places where the pasts of two consecutive layers enter,
 * at the cut that the fewest bytes cross. Nothing here depends on a model family.
 */
import { byteLengthOf } from '../onnx';
import type { Ops } from './ops';
import { computeType, sizeOf } from './shapes';
import type { EmittedNode, Value } from './types';

export interface RecomputeOptions {
  /** For every layer, in order, the index of the node where its past enters. */
  readonly entries: readonly number[];
  /** Graph input [1] that is always fed 0. As a constant it could be folded, and with it what hangs on it. */
  readonly zero: Value;
}

interface Segment {
  /** Index of its first node. */
  readonly start: number;
  /** Index after its last node. */
  readonly end: number;
}

/**
 * Cuts c between layers: all that nodes before c make for nodes from c on is what must be kept.
 * @param variable values that count: what depends on weights alone is there anyway
 * @returns ascending
 */
export function cutsBetweenLayers(
  nodes: readonly EmittedNode[],
  variable: ReadonlySet<Value>,
  entries: readonly number[],
): number[] {
  const crossing = bytesCrossing(nodes, variable);
  return entries.slice(1).flatMap((entry, i) => {
    const before = entries[i] as number;
    if (entry <= before) return [];
    let best = entry;
    for (let cut = entry - 1; cut > before; cut--) {
      if ((crossing[cut] as number) < (crossing[best] as number)) best = cut;
    }
    return [best];
  });
}

/** The floats among these nodes' values that depend on any of `from`, and these: integers and truths carry no gradient. */
export function reachable(nodes: readonly EmittedNode[], from: readonly Value[]): Set<Value> {
  const reached = new Set<Value>(from);
  for (const node of nodes) {
    if (node.inputs.some((input) => input && reached.has(input))) {
      for (const output of node.outputs) if (computeType(output.dataType) === 'float32') reached.add(output);
    }
  }
  return reached;
}

/** For every cut, bytes of the variable values made before it and read from it on. */
function bytesCrossing(nodes: readonly EmittedNode[], variable: ReadonlySet<Value>): number[] {
  const lastUse = new Map<Value, number>();
  nodes.forEach(({ inputs }, i) => {
    for (const input of inputs) if (input) lastUse.set(input, i);
  });
  const change = new Array<number>(nodes.length + 1).fill(0);
  nodes.forEach(({ outputs }, i) => {
    for (const output of outputs) {
      const last = lastUse.get(output);
      if (last === undefined || !variable.has(output)) continue;
      const bytes = byteLengthOf(output.dataType, output.dims);
      change[i + 1] = (change[i + 1] as number) + bytes;
      change[last + 1] = (change[last + 1] as number) - bytes;
    }
  });
  let sum = 0;
  return change.map((bytes) => {
    sum += bytes;
    return sum;
  });
}

/** The forward values as the backward part is to read them, while it walks from the last node to the first. */
export class Recompute {
  private readonly segments: Segment[];
  private again: ReadonlyMap<Value, Value> = new Map();

  /** @param reached values that the trainable input reaches */
  constructor(
    private readonly ops: Ops,
    private readonly nodes: readonly EmittedNode[],
    private readonly reached: ReadonlySet<Value>,
    private readonly options: RecomputeOptions,
  ) {
    const cuts = cutsBetweenLayers(nodes, reachable(nodes, ops.builder.inputs), options.entries);
    // What follows the last cut is wanted at once by its own backward part, and stays.
    this.segments = cuts.map((end, i) => ({ start: cuts[i - 1] ?? 0, end }));
  }

  /** To be called before the gradient of node `index` is taken. */
  enter(index: number, gradients: ReadonlyMap<Value, Value>): void {
    const segment = this.segments.at(-1);
    if (segment && index === segment.end - 1) {
      this.segments.pop();
      this.again = this.compute(segment, gradients);
    }
  }

  read<T extends Value | null>(value: T): T | Value {
    return (value && this.again.get(value)) ?? value;
  }

  /** The segment's nodes once more, from the values that cross its beginning. Those nobody reads are dropped later. */
  private compute({ start, end }: Segment, gradients: ReadonlyMap<Value, Value>): Map<Value, Value> {
    const again = new Map<Value, Value>();
    const token = this.tokenOf(start, end, gradients);
    if (!token) return again;
    const { ops, reached } = this;
    const inside = new Set(this.nodes.slice(start, end).flatMap(({ outputs }) => outputs));
    for (const node of this.nodes.slice(start, end)) {
      if (!node.outputs.some((output) => reached.has(output))) continue;
      const inputs = node.inputs.map((input) => {
        if (!input || !reached.has(input)) return input;
        if (!inside.has(input) && !again.has(input)) again.set(input, ops.add(input, token));
        return again.get(input) ?? input;
      });
      ops.builder.origin = node.origin;
      const { domain, outputs } = node;
      const copies = ops.builder.emit(node.opType, inputs, node.attributes, { domain, outputs: outputs.length });
      outputs.forEach((output, i) => {
        again.set(output, copies[i] as Value);
      });
    }
    return again;
  }

  /**
   * 0 · (a number of the gradient that arrives at the segment's end), [1]. Added to the kept values it changes no bit of
   * them, and does two things: the copies are other nodes than the originals, which would else be merged with them, and no
   * runtime can compute them before the backward part is there.
   */
  private tokenOf(start: number, end: number, gradients: ReadonlyMap<Value, Value>): Value | null {
    const { ops } = this;
    for (let i = end - 1; i >= start; i--) {
      for (const output of (this.nodes[i] as EmittedNode).outputs) {
        const gradient = gradients.get(output);
        if (!gradient) continue;
        const flat = ops.reshape(gradient, [sizeOf(gradient.dims)]);
        return ops.mul(ops.slice(flat, 0, 0, 1), this.options.zero);
      }
    }
    return null;
  }
}
