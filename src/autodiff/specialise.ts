/**
 * Specialise and lower in one walk over the model's graph: every value gets a static type, shape arithmetic folds away,
 * fused operators open into primitives that have gradient rules. The result stands in the builder.
 */
import { ModelError } from '../errors';
import { type Graph, type Initializer, type Node, numbersOf } from '../onnx';
import { operatorName, ruleOf } from './builder';
import type { Decoder } from './decoder';
import type { DecoderContext } from './decoderContext';
import type { Replacement } from './graft';
import type { Ops } from './ops';
import { nameOf, namesRead, outputNames, prefixReaching } from './reach';
import { computeType, sizeOf } from './shapes';
import type { Value } from './types';

/**
 * Integers, scalars and what angles are computed from are part of the program; everything else is data and stays in the
 * weight store.
 */
function initializerValue(ops: Ops, initializer: Initializer, ofAngles: boolean): Value {
  const { name, dataType, dims, bytes } = initializer;
  const isProgram = dataType === 'int64' || dataType === 'int32' || dataType === 'bool' || sizeOf(dims) === 1;
  if (bytes && (isProgram || ofAngles)) {
    return ops.builder.literal(computeType(dataType), dims, numbersOf({ ...initializer, bytes }));
  }
  const weight = ops.builder.weight({ weight: name, dataType, dims });
  return ops.cast(weight, computeType(dataType));
}

/** The nodes that the wanted outputs depend on, in the file's order. */
function neededNodes(nodes: readonly Node[], wanted: readonly string[]): Node[] {
  const needed = new Set(wanted);
  const kept: Node[] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as Node;
    if (!node.outputs.some((name) => name !== '' && needed.has(name))) continue;
    for (const name of namesRead(node)) needed.add(name);
    kept.push(node);
  }
  return kept.reverse();
}

/** What the arguments of sines and cosines depend on, by name: with it known, the angles of known positions are. */
function namesOfAngles(nodes: readonly Node[]): Set<string> {
  const found = new Set<string>();
  for (const node of nodes.toReversed()) {
    const isAngle = node.opType === 'Sin' || node.opType === 'Cos';
    if (isAngle || node.outputs.some((name) => found.has(name))) for (const name of node.inputs) found.add(name);
  }
  return found;
}

export interface Feeds {
  /** Values for the graph's inputs, by name. */
  readonly feeds: ReadonlyMap<string, Value>;
  /** What stands in for values that nodes of the file compute, by name. */
  readonly replace?: ReadonlyMap<string, Replacement>;
}

export interface Specialised {
  /** Of the wanted outputs, in order. */
  readonly values: readonly Value[];
  /** Number of nodes emitted before the first that reads a graph input, by the input's name. */
  readonly entries: ReadonlyMap<string, number>;
}

export function specialise(
  ops: Ops,
  file: Decoder,
  decoder: DecoderContext,
  given: Feeds,
  wanted: readonly string[],
): Specialised {
  const walk = new Walk(ops, file, decoder, given);
  walk.through(file.model.graph, wanted);
  ops.builder.origin = '';
  return { values: wanted.map((name) => walk.output(name)), entries: walk.entries };
}

class Walk {
  private readonly values: Map<string, Value | null>;
  private readonly initializers = new Map<string, Initializer>();
  private readonly ofAngles = new Set<string>();
  private readonly replacedNames = new Set<string>();
  readonly entries = new Map<string, number>();

  constructor(
    private readonly ops: Ops,
    private readonly file: Decoder,
    private readonly decoder: DecoderContext,
    private readonly given: Feeds,
  ) {
    this.values = new Map(given.feeds);
  }

  /** Names are unique in a file, branches included, so that one scope serves all of its graphs. */
  through(graph: Graph, wanted: readonly string[]): void {
    for (const [name, initializer] of graph.initializers) this.initializers.set(name, initializer);
    const nodes = neededNodes(graph.nodes, wanted);
    for (const name of namesOfAngles(nodes)) this.ofAngles.add(name);
    for (const node of nodes) {
      this.ops.builder.origin = nameOf(node);
      const outputs = node.opType === 'If' ? this.branch(node) : this.lower(node);
      node.outputs.forEach((name, i) => {
        if (name !== '') this.values.set(name, this.replaced(name, outputs[i] ?? null));
      });
    }
  }

  /** Once: an If may give its output the name that it has in the branch. */
  private replaced(name: string, value: Value | null): Value | null {
    const replacement = this.given.replace?.get(name);
    if (!value || !replacement || this.replacedNames.has(name)) return value;
    this.replacedNames.add(name);
    return replacement(value, (other) => this.output(other));
  }

  output(name: string): Value {
    const value = this.values.get(name);
    if (!value) throw new ModelError(`The graph's output ${name} is not computed by any node.`, { field: name });
    return value;
  }

  private lower(node: Node): readonly (Value | null)[] {
    const rule = ruleOf(node.domain, node.opType);
    if (!rule) throw unknownOperator(node, prefixReaching(this.file, nameOf(node)));
    const { ops, decoder } = this;
    const inputs = node.inputs.map((name) => this.resolve(name, node));
    const opset = this.file.model.opsets[node.domain] ?? 1;
    const options = { domain: node.domain, outputs: node.outputs.length };
    return lowerNode(
      () =>
        rule.lower
          ? rule.lower({ ops, node, inputs, opset, decoder })
          : ops.builder.emit(node.opType, inputs, node.attributes, options),
      node,
    );
  }

  /** A merged decoder chooses by whether there is a past, which is known here: only that branch is looked at. */
  private branch(node: Node): readonly Value[] {
    const condition = this.resolve(node.inputs[0] ?? '', node)?.literal;
    if (!condition) {
      throw new ModelError(
        'If chooses by what the text says; Prelude needs to know the branch beforehand.',
        { node: this.ops.builder.origin },
        'Try another export of the model.',
      );
    }
    const chosen = node.attributes[condition[0] ? 'then_branch' : 'else_branch'];
    if (chosen?.type !== 'graph') throw new ModelError('If lacks a branch.', { node: this.ops.builder.origin });
    const outputs = outputNames(chosen.value);
    this.through(chosen.value, outputs);
    return outputs.map((name) => this.resolve(name, node) as Value);
  }

  private resolve(name: string, node: Node): Value | null {
    if (name === '') return null;
    const value = this.values.get(name);
    if (value && this.given.feeds.has(name) && !this.entries.has(name)) {
      this.entries.set(name, this.ops.builder.nodes.length);
    }
    if (value) return value;
    const initializer = this.initializers.get(name);
    if (!initializer) {
      throw new ModelError(`${node.opType} reads ${name}, which Prelude cannot provide.`, {
        node: node.name,
        field: name,
      });
    }
    const made = initializerValue(this.ops, initializer, this.ofAngles.has(name));
    this.values.set(name, made);
    return made;
  }
}

/** @param reaching what is trained and reaches the node, null where it only works beside the path from there to the loss */
function unknownOperator(node: Node, reaching: string | null): ModelError {
  const role = reaching
    ? `${reaching} reaches it, so its gradient would have to go through it`
    : 'no trainable input reaches it, but what it computes is needed';
  return new ModelError(
    `The operator ${operatorName(node)} is not one that Prelude knows: ${role}.`,
    { node: nameOf(node) },
    'Try another export of this model (for example its q4 or fp32 file), or report the operator.',
  );
}

function lowerNode(lower: () => readonly (Value | null)[], node: Node): readonly (Value | null)[] {
  try {
    return lower();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ModelError(
      `${node.opType} has shapes that do not fit together: ${cause.message}.`,
      { node: nameOf(node) },
      'The file may be damaged, or its config.json may belong to another model.',
      { cause },
    );
  }
}
