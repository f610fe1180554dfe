/**
 * The linear layers of a file, y = W x with a stored W, in whatever operator or chain of operators an export writes them.
 * What each of them is there for, linearModules.ts finds out.
 */
import type { Node } from '../onnx';
import { intOf } from './attributes';
import type { FileGraph } from './fileGraph';

export interface LinearLayer {
  /** Name of x [..., inFeatures], before any quantisation of activations. */
  readonly input: string;
  /** Name of y [..., rows]; a bias that is a node of its own comes after it. */
  readonly output: string;
  readonly inFeatures: number;
  readonly rows: number;
}

/** Where an operator reads its matrix [K, N]. */
const MATRIX_SLOTS: Readonly<Record<string, number>> = {
  MatMul: 1,
  FusedMatMul: 1,
  Gemm: 1,
  MatMulInteger: 1,
  MatMulIntegerToFloat: 1,
  DynamicQuantizeMatMul: 1,
  QLinearMatMul: 3,
};

export const linearLayers = (graph: FileGraph): LinearLayer[] =>
  graph.nodes.flatMap((node) => {
    const size = sizeOfMatrix(graph, node);
    // A matrix of one column makes angles of positions, not features of features.
    if (!size || size.inFeatures <= 1) return [];
    return [{ ...size, input: beforeQuantisation(graph, node.inputs[0] ?? ''), output: afterScales(graph, node) }];
  });

function sizeOfMatrix(graph: FileGraph, node: Node): Pick<LinearLayer, 'inFeatures' | 'rows'> | null {
  if (node.opType === 'MatMulNBits' || node.opType === 'MatMulBnb4') {
    return { inFeatures: intOf(node.attributes, 'K', 0), rows: intOf(node.attributes, 'N', 0) };
  }
  const slot = MATRIX_SLOTS[node.opType];
  const dims = slot === undefined ? null : graph.storedDims(node.inputs[slot] ?? '');
  if (dims?.length !== 2 || intOf(node.attributes, 'transA', 0) !== 0) return null;
  const [k, n] = dims as [number, number];
  return intOf(node.attributes, 'transB', 0) === 0 ? { inFeatures: k, rows: n } : { inFeatures: n, rows: k };
}

function beforeQuantisation(graph: FileGraph, name: string): string {
  const node = graph.maker(name);
  const [first = ''] = node?.inputs ?? [];
  if (node?.opType === 'DynamicQuantizeLinear' || node?.opType === 'QuantizeLinear') return first;
  const isRoundTrip = node?.opType === 'DequantizeLinear' && graph.maker(first)?.opType === 'QuantizeLinear';
  return isRoundTrip ? beforeQuantisation(graph, first) : name;
}

/** Integers become y by a Cast and the Mul with both scales, or one Mul for each. */
function afterScales(graph: FileGraph, node: Node): string {
  const name = node.outputs[0] ?? '';
  if (node.opType === 'QLinearMatMul') return follow(graph, name, 'DequantizeLinear') ?? name;
  if (node.opType !== 'MatMulInteger') return name;
  const floats = follow(graph, name, 'Cast') ?? name;
  const scaled = follow(graph, floats, 'Mul') ?? floats;
  const scale = graph.maker(scaled)?.inputs.find((input) => input !== floats) ?? '';
  return graph.maker(scale)?.opType === 'Mul' ? scaled : (follow(graph, scaled, 'Mul') ?? scaled);
}

/** The result of the only reader of a value, where it is such an operator. */
function follow(graph: FileGraph, name: string, opType: string): string | null {
  const [reader, ...others] = graph.readers(name);
  return reader?.opType === opType && others.length === 0 ? (reader.outputs[0] ?? null) : null;
}

/** Operators that leave every feature where it is. */
const IN_PLACE: ReadonlySet<string> = new Set('Add Cast Clip Identity QuantizeLinear DequantizeLinear'.split(' '));

/**
 * Whether a packed matrix has its parts one after the other in its rows. It has where y is taken apart before it is cut
 * into heads; where each head has its own queries, keys and values side by side (GPT-NeoX), heads are cut first.
 */
export function standsInRuns(graph: FileGraph, { output, rows }: LinearLayer): boolean {
  const names = [output];
  for (const name of names) {
    for (const reader of graph.readers(name)) {
      const { opType, inputs, outputs } = reader;
      if (opType === 'GroupQueryAttention' && inputs[0] === name && !inputs[1]) return true;
      if (opType === 'Split' && intOf(reader.attributes, 'axis', 0) !== 0) return true;
      if (opType === 'Slice' && isAlongFeatures(graph.constants(inputs[3]))) return true;
      if (opType === 'Reshape' && outputs.some((cut) => graph.readers(cut).some((it) => partsOf(graph, it) === rows))) {
        return true;
      }
      if (IN_PLACE.has(opType)) names.push(...outputs);
    }
  }
  return false;
}

/** y is [batch, time, rows]. */
const isAlongFeatures = (axes: readonly number[] | null): boolean =>
  axes?.length === 1 && [2, -1].includes(axes[0] ?? 0);

/** The width that a Split takes apart, where the file says it. */
const partsOf = (graph: FileGraph, { opType, inputs }: Node): number | null =>
  opType === 'Split' ? (graph.constants(inputs[1])?.reduce((sum, size) => sum + size, 0) ?? null) : null;
