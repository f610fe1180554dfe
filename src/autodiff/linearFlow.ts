/**
 * Which linear layers arrive at each value of a file, without another one in between: one walk over the nodes, with a set
 * of layers per value. A set is a bigint, bit i for layer i, since there are as many sets as values.
 */
import type { Node } from '../onnx';
import type { FileGraph } from './fileGraph';

export type BitSet = bigint;

export const bit = (i: number): BitSet => 1n << BigInt(i);

/** Bits of a set, ascending. */
export function bitsOf(set: BitSet): number[] {
  const digits = set.toString(2);
  return Array.from(digits, (_, i) => i).filter((i) => digits[digits.length - 1 - i] === '1');
}

export interface Flow {
  /** Sources that arrive at a value. */
  arriving(name: string): BitSet;
  /** Those of them that went through a non-linear function on the way. */
  activated(name: string): BitSet;
}

const ACTIVATIONS: ReadonlySet<string> = new Set(
  (
    'Sigmoid Tanh Erf Relu LeakyRelu ThresholdedRelu PRelu Elu Selu Celu Gelu FastGelu BiasGelu QuickGelu Silu Swish ' +
    'HardSigmoid HardSwish Mish Softplus Softsign'
  ).split(' '),
);

/** What they make of a value has nothing of its numbers. */
const SHAPE_ONLY: ReadonlySet<string> = new Set(['Shape', 'Size']);

/** Of operators that are a whole attention: for the outputs that are present key and value, the slots they come from. */
const PRESENT_SLOTS: Readonly<Record<string, readonly (readonly [own: number, past: number])[]>> = {
  GroupQueryAttention: [
    [1, 3],
    [2, 4],
  ],
  MultiHeadAttention: [
    [1, 6],
    [2, 7],
  ],
  Attention: [
    [1, 4],
    [2, 5],
  ],
};

/** Inputs that reach output `i` of a node. Queries, keys and values come packed where keys have no slot of their own. */
function inputsOf({ opType, domain, inputs, outputs }: Node, i: number): readonly string[] {
  if (SHAPE_ONLY.has(opType)) return [];
  const isPackedWithin = opType === 'Attention' && domain !== '' && domain !== 'ai.onnx';
  const slots = outputs.length > 1 && !isPackedWithin ? PRESENT_SLOTS[opType]?.[i - 1] : undefined;
  if (!slots) return inputs;
  const [own, past] = slots;
  return [inputs[own] || (inputs[0] ?? ''), inputs[past] ?? ''];
}

/** @param sources values by name, and the bit that each of them starts: nothing that arrives at one goes on behind it */
export function flowOf(graph: FileGraph, sources: ReadonlyMap<string, BitSet>): Flow {
  const arriving = new Map(sources);
  const activated = new Map<string, BitSet>();
  const union = (sets: ReadonlyMap<string, BitSet>, names: readonly string[]): BitSet =>
    names.reduce((all, name) => all | (sets.get(name) ?? 0n), 0n);
  for (const node of graph.nodes) {
    for (const [i, name] of node.outputs.entries()) {
      if (name === '' || sources.has(name)) continue;
      const inputs = inputsOf(node, i);
      const all = union(arriving, inputs);
      arriving.set(name, all);
      activated.set(name, ACTIVATIONS.has(node.opType) ? all : union(activated, inputs));
    }
  }
  return { arriving: (name) => arriving.get(name) ?? 0n, activated: (name) => activated.get(name) ?? 0n };
}
