/**
 * The nodes of a model's file as one list, with who makes a value and who reads it. Branches are opened where they stand:
 * of a merged decoder only the one with a past, which is the one Prelude runs. For looking at a file, not for compiling it.
 */
import { type Graph, type Initializer, type Node, numbersOf, type TensorInfo } from '../onnx';
import { intsOf, tensorOf } from './attributes';
import type { Decoder } from './decoder';
import { outputNames } from './reach';

/** Operators whose result has the shape of their first input. */
const SAME_SHAPE: ReadonlySet<string> = new Set('DequantizeLinear QuantizeLinear Cast Identity'.split(' '));

export class FileGraph {
  /** In an order in which every value is made before it is read. */
  readonly nodes: readonly Node[];
  private readonly initializers = new Map<string, Initializer>();
  private readonly makers = new Map<string, Node>();
  private readonly users = new Map<string, Node[]>();

  constructor({ model, useCacheBranch }: Decoder) {
    this.nodes = [...this.open(model.graph, useCacheBranch)];
    for (const node of this.nodes) {
      for (const name of node.outputs) this.makers.set(name, node);
      for (const name of new Set(node.inputs)) this.users.set(name, [...this.readers(name), node]);
    }
  }

  maker(name: string): Node | undefined {
    return this.makers.get(name);
  }

  readers(name: string): readonly Node[] {
    return this.users.get(name) ?? [];
  }

  /** Shape of a stored tensor, also behind its dequantisation or transposition; null of anything else. */
  storedDims(name: string): readonly number[] | null {
    const stored = this.stored(name);
    if (stored) return stored.dims;
    const node = this.maker(name);
    const dims = node?.inputs[0] ? this.storedDims(node.inputs[0]) : null;
    if (!node || !dims) return null;
    if (SAME_SHAPE.has(node.opType)) return dims;
    if (node.opType !== 'Transpose') return null;
    const perm = intsOf(node.attributes, 'perm') ?? dims.map((_, axis) => dims.length - 1 - axis);
    return perm.map((axis) => dims[axis] ?? 1);
  }

  /** The numbers of a small constant, such as sizes and axes. */
  constants(name: string | undefined): readonly number[] | null {
    const stored = name ? this.stored(name) : null;
    return stored?.bytes ? Array.from(numbersOf({ ...stored, bytes: stored.bytes })) : null;
  }

  private stored(name: string): (TensorInfo & { readonly bytes?: Uint8Array }) | null {
    const node = this.maker(name);
    const constant = node?.opType === 'Constant' ? tensorOf(node.attributes, 'value') : undefined;
    return constant ?? this.initializers.get(name) ?? null;
  }

  private *open(graph: Graph, useCacheBranch: string | null): Generator<Node> {
    for (const [name, initializer] of graph.initializers) this.initializers.set(name, initializer);
    for (const node of graph.nodes) {
      if (node.opType !== 'If') {
        yield node;
        continue;
      }
      const isMerged = node.inputs[0] === useCacheBranch;
      const branches = ['then_branch', 'else_branch'].flatMap((key) => {
        const branch = node.attributes[key];
        return branch?.type === 'graph' && !(isMerged && key === 'else_branch') ? [branch.value] : [];
      });
      for (const branch of branches) yield* this.open(branch, useCacheBranch);
      for (const [i, name] of node.outputs.entries()) {
        const inputs = branches.map((branch) => outputNames(branch)[i] ?? '');
        // A branch's output may have the name that the If gives it.
        if (!inputs.includes(name)) yield { ...node, inputs, outputs: [name], attributes: {} };
      }
    }
  }
}
