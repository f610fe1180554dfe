/**
 * From the builder to something a session can run: leaves out what no output needs, sets aside what depends on weights
 * only (computed once, shared by every graph), and writes the rest as an ONNX model.
 */
import type { Graph, Initializer, Node } from '../onnx';
import { tensorFromNumbers, writeModel } from '../onnx';
import { costOf, type GraphCost } from './cost';
import { fingerprint } from './fingerprint';
import { shiftedLiteral, shiftedNode, shiftedType } from './int8';
import { sizeOf } from './shapes';
import type { CompileTarget, EmittedNode, TensorType, Value, WeightView } from './types';

export interface GraphInput extends TensorType {
  readonly name: string;
}

/** A tensor that depends on weights only; graphs that need the same one name the same key. */
export interface DerivedWeight extends TensorType {
  readonly key: string;
}

export interface DerivedRecipe {
  /** ONNX model whose outputs are the tensors, in the order asked for. */
  readonly model: Uint8Array;
  readonly weights: readonly WeightFeed[];
  readonly outputs: readonly string[];
}

export interface WeightFeed {
  /** Graph input to feed. */
  readonly input: string;
  readonly view: WeightView;
}

export interface DerivedFeed {
  readonly input: string;
  readonly derived: DerivedWeight;
}

export interface CompiledGraph {
  readonly model: Uint8Array;
  readonly inputs: readonly GraphInput[];
  readonly weights: readonly WeightFeed[];
  readonly derived: readonly DerivedFeed[];
  /** How to compute some of `derived`; written only when asked for, since most graphs find them computed already. */
  recipe(wanted: readonly DerivedWeight[]): DerivedRecipe;
  readonly outputs: Readonly<Record<string, TensorType>>;
  readonly cost: GraphCost;
}

/** Values that depend on weights only are set aside up to this size where weights stay quantized: tables, not matrices. */
const SMALL_DERIVED_BYTES = 1 << 20;
const OPSET = 21;

interface Slice {
  readonly nodes: readonly EmittedNode[];
  /** Inputs, weights, literals and frontier values the nodes (or the outputs) read. */
  readonly leaves: ReadonlySet<Value>;
}

/** The nodes that `outputs` need, not looking beyond `frontier`. */
function sliceOf(nodes: readonly EmittedNode[], outputs: readonly Value[], frontier: ReadonlySet<Value>): Slice {
  const needed = new Set(outputs);
  const leaves = new Set<Value>();
  const kept: EmittedNode[] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as EmittedNode;
    if (!node.outputs.some((value) => needed.has(value) && !frontier.has(value))) continue;
    kept.push(node);
    for (const input of node.inputs) if (input) needed.add(input);
  }
  for (const value of needed) if (value.source.kind !== 'node' || frontier.has(value)) leaves.add(value);
  return { nodes: kept.reverse(), leaves };
}

interface ConstantValues {
  /** Depend on weights and literals only. */
  readonly all: ReadonlySet<Value>;
  /** Of these, the ones with a weight among what they depend on. */
  readonly weighty: ReadonlySet<Value>;
}

function constantValues(nodes: readonly EmittedNode[]): ConstantValues {
  const all = new Set<Value>();
  const weighty = new Set<Value>();
  const isConstant = (value: Value | null) =>
    value === null || value.source.kind === 'weight' || value.source.kind === 'literal' || all.has(value);
  for (const { inputs, outputs } of nodes) {
    if (!inputs.every(isConstant)) continue;
    const hasWeight = inputs.some((value) => value && (value.source.kind === 'weight' || weighty.has(value)));
    for (const output of outputs) {
      all.add(output);
      if (hasWeight) weighty.add(output);
    }
  }
  return { all, weighty };
}

/** Values of weights that something else reads: what to compute ahead of time. */
function frontierOf(nodes: readonly EmittedNode[], limitBytes: number): Set<Value> {
  const { all, weighty } = constantValues(nodes);
  const small = (value: Value) => sizeOf(value.dims) * 4 <= limitBytes;
  const frontier = new Set<Value>();
  for (const node of nodes) {
    const ahead = node.outputs.every((output) => all.has(output) && small(output));
    if (ahead) continue;
    for (const input of node.inputs) if (input && weighty.has(input) && small(input)) frontier.add(input);
  }
  return frontier;
}

function keyOf(value: Value): string {
  const type = `${value.dataType}[${value.dims.join()}]`;
  switch (value.source.kind) {
    case 'input':
      return `input ${value.name}`;
    case 'literal':
      return `${type}${fingerprint(value.literal ?? [])}`;
    case 'weight':
      return `${value.source.view.weight}:${type}`;
    case 'node': {
      const { node } = value.source;
      const inputs = node.inputs.map((input) => (input ? keyOf(input) : '')).join(';');
      return `${node.opType}#${node.outputs.indexOf(value)}(${inputs})${JSON.stringify(node.attributes)}`;
    }
    default:
      return value.source satisfies never;
  }
}

const valueInfo = (name: string, { dataType, dims }: TensorType) => ({ name, dataType, dims });

interface Written {
  readonly model: Uint8Array;
  readonly inputs: readonly GraphInput[];
  readonly weights: readonly WeightFeed[];
  readonly frontier: readonly { readonly input: string; readonly value: Value }[];
}

function write(
  slice: Slice,
  outputs: Readonly<Record<string, Value>>,
  graphInputs: readonly Value[],
  { int8 }: CompileTarget,
): Written {
  const typeOf = <T extends TensorType>(type: T): T => (int8 ? type : shiftedType(type));
  const elementsOf = (value: Value) => (int8 ? (value.literal ?? []) : shiftedLiteral(value));
  const names = new Map<Value, string>();
  const extra: Node[] = [];
  for (const [name, value] of Object.entries(outputs)) {
    const produced = value.source.kind === 'node' && !slice.leaves.has(value) && !names.has(value);
    if (produced) names.set(value, name);
    else
      extra.push({
        name,
        opType: 'Identity',
        domain: '',
        inputs: [names.get(value) ?? value.name],
        outputs: [name],
        attributes: {},
      });
  }
  const nameOf = (value: Value | null) => (value ? (names.get(value) ?? value.name) : '');
  const nodes = slice.nodes.map(
    (node, i): Node => ({
      name: `${node.opType}_${i}`,
      opType: node.opType,
      domain: node.domain,
      inputs: trimmed(node.inputs.map(nameOf)),
      outputs: node.outputs.map(nameOf),
      attributes: node.attributes,
    }),
  );
  const leaves = [...slice.leaves];
  const initializers = new Map<string, Initializer>(
    leaves
      .filter((value) => value.source.kind === 'literal')
      .map((value) => {
        const { dataType, dims } = typeOf<TensorType>(value);
        return [value.name, tensorFromNumbers(value.name, dataType, dims, elementsOf(value))];
      }),
  );
  const fed = leaves.filter((value) => value.source.kind !== 'literal' && value.source.kind !== 'input');
  const graph: Graph = {
    name: 'prelude',
    nodes: [...nodes, ...extra],
    inputs: [...graphInputs, ...fed].map((value) => valueInfo(value.name, typeOf<TensorType>(value))),
    outputs: Object.entries(outputs).map(([name, value]) => valueInfo(name, typeOf<TensorType>(value))),
    initializers,
  };
  return {
    model: writeModel({ irVersion: 10, opsets: { '': OPSET, 'com.microsoft': 1 }, producer: 'prelude', graph }),
    inputs: graphInputs.map(({ name, dataType, dims }) => ({ name, dataType, dims })),
    weights: fed.flatMap((value) =>
      value.source.kind === 'weight' ? [{ input: value.name, view: typeOf(value.source.view) }] : [],
    ),
    frontier: fed.flatMap((value) => (value.source.kind === 'node' ? [{ input: value.name, value }] : [])),
  };
}

/** Without the absent inputs at the end, which ONNX lets one leave out. */
const trimmed = (inputs: readonly string[]): string[] => {
  const end = inputs.findLastIndex((name) => name !== '');
  return inputs.slice(0, end + 1);
};

function recipeFor(nodes: readonly EmittedNode[], values: readonly Value[], target: CompileTarget): DerivedRecipe {
  const outputs = values.map((_, i) => `derived_${i}`);
  const named = Object.fromEntries(values.map((value, i) => [outputs[i] as string, value]));
  const { model, weights } = write(sliceOf(nodes, values, new Set()), named, [], target);
  return { model, weights, outputs };
}

/**
 * @param outputs what the graph returns, by name
 * @param weights `float`: everything that depends on weights only is set aside; `quantized`: only small tables are
 */
export function compile(
  builder: {
    readonly nodes: readonly EmittedNode[];
    readonly inputs: readonly Value[];
    readonly target: CompileTarget;
  },
  outputs: Readonly<Record<string, Value>>,
): CompiledGraph {
  const nodes = builder.target.int8 ? builder.nodes : builder.nodes.map(shiftedNode);
  const limit = builder.target.weights === 'float' ? Number.POSITIVE_INFINITY : SMALL_DERIVED_BYTES;
  const wanted = Object.values(outputs);
  const frontier = frontierOf(sliceOf(nodes, wanted, new Set()).nodes, limit);
  const slice = sliceOf(nodes, wanted, frontier);
  const used = builder.inputs.filter((input) => slice.leaves.has(input));
  const written = write(slice, outputs, used, builder.target);
  const ahead = new Map(written.frontier.map(({ value }) => [keyOf(value), value]));
  const derived = written.frontier.map(({ input, value }) => ({
    input,
    derived: { key: keyOf(value), dataType: value.dataType, dims: value.dims },
  }));
  return {
    model: written.model,
    inputs: written.inputs,
    weights: written.weights,
    derived,
    recipe: (wanted) =>
      recipeFor(
        nodes,
        wanted.map(({ key }) => ahead.get(key) as Value),
        builder.target,
      ),
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, { dataType, dims }]) => [name, { dataType, dims }]),
    ),
    cost: costOf(slice.nodes, wanted, {
      inputs: used,
      // One weight may be bound under several types.
      weights: [...new Map(written.weights.map(({ view }) => [view.weight, view])).values()],
      derived: derived.map(({ derived }) => derived),
    }),
  };
}
