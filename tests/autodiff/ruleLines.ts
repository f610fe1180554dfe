/**
 * How a line of the operator tables is written: the operator, its operands, its attributes. Plain data, so that the page
 * can read it too. What is done with a line stands in ruleGraph.ts and in the tests.
 */
import { float, int } from '../../src/autodiff/attributes';
import type { Attributes } from '../../src/autodiff/types';
import type { DataType, Node } from '../../src/onnx';

export type Operand =
  /** Random float32 numbers; the gradient with respect to them is checked unless they are `frozen`. */
  | { readonly dims: readonly number[]; readonly low: number; readonly high: number; readonly frozen?: boolean }
  /** Both signs, no number near zero or near another: a step of the differences crosses no edge. */
  | { readonly dims: readonly number[]; readonly apart: true }
  /** Known when the graph is built. */
  | { readonly literal: DataType; readonly dims: readonly number[]; readonly values: readonly number[] }
  /** Known at run time only. */
  | { readonly input: 'int64' | 'bool'; readonly dims: readonly number[]; readonly values: readonly number[] }
  /** A weight of random bytes. */
  | { readonly weight: 'uint8' | 'int8' | 'uint4' | 'int4'; readonly dims: readonly number[] }
  | { readonly weight: 'float32'; readonly dims: readonly number[]; readonly low: number; readonly high: number }
  /** The same value as an earlier operand. */
  | { readonly same: number }
  | null;

/** What ONNX Runtime is asked for the truth: nodes over the line's inputs x0, x1 … that make its outputs y0, y1 … */
export type Oracle = { readonly nodes: readonly Node[] } | { readonly without: string };

export interface RuleCase {
  /** Key in the table of rules. */
  readonly op: string;
  readonly note?: string;
  readonly inputs: readonly Operand[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
  /** Outputs that the loss depends on; default: all. */
  readonly used?: readonly number[];
  /** The gradient is zero everywhere. */
  readonly flat?: true;
  /** A node of a file, which `lower` opens; else the operator is emitted as it stands. */
  readonly file?: true;
  /** Opset of ai.onnx in the file, 21 unless given. */
  readonly opset?: number;
  /** The decoder around the node: rows of `past` + `time` tokens, all of them filled. */
  readonly layout?: { readonly batch: number; readonly past: number; readonly time: number };
  /** For lines of a file; default: the node itself. */
  readonly oracle?: Oracle;
}

type Rest = Omit<RuleCase, 'op' | 'inputs'>;

export const MS = 'com.microsoft';

/** The operator as it is emitted. */
export const line = (op: string, inputs: readonly Operand[], rest: Rest = {}): RuleCase => ({ op, inputs, ...rest });

/** A node of a file. */
export const file = (op: string, inputs: readonly Operand[], rest: Rest = {}): RuleCase =>
  line(op, inputs, { ...rest, file: true });

export const x = (...dims: number[]): Operand => ({ dims, low: -1.5, high: 1.5 });
export const between = (low: number, high: number, ...dims: number[]): Operand => ({ dims, low, high });
export const mixed = (...dims: number[]): Operand => ({ dims, apart: true });
export const positive = (...dims: number[]): Operand => between(0.6, 2, ...dims);
export const frozen = (...dims: number[]): Operand => ({ dims, low: -1.5, high: 1.5, frozen: true });
export const int64 = (...values: number[]): Operand => ({ literal: 'int64', dims: [values.length], values });
export const int32 = (...values: number[]): Operand => ({ literal: 'int32', dims: [values.length], values });
export const scalar = (value: number, literal: DataType = 'float32'): Operand => ({
  literal,
  dims: [],
  values: [value],
});
export const floats = (dims: number[], ...values: number[]): Operand => ({ literal: 'float32', dims, values });
export const whole = (dims: number[], ...values: number[]): Operand => ({ literal: 'int64', dims, values });
export const bools = (dims: number[], ...values: number[]): Operand => ({ literal: 'bool', dims, values });
export const bytes = (...dims: number[]): Operand => ({ weight: 'uint8', dims });
export const weights = (low: number, high: number, ...dims: number[]): Operand => ({
  weight: 'float32',
  dims,
  low,
  high,
});
export const positions = (batch: number, ...values: number[]): Operand => ({
  input: 'int64',
  dims: [batch, values.length / batch],
  values,
});
/** Whole numbers known at run time only. */
export const runtime = (dims: number[], ...values: number[]): Operand => ({ input: 'int64', dims, values });
export const truths = (dims: number[], ...values: number[]): Operand => ({ input: 'bool', dims, values });

export const fused = (transA: number, transB: number, alpha: number): Attributes => ({
  transA: int(transA),
  transB: int(transB),
  alpha: float(alpha),
});
export const gemm = (transA: number, transB: number, alpha = 1, beta = 1): Attributes => ({
  ...fused(transA, transB, alpha),
  beta: float(beta),
});
export const rotary = (interleaved: number, heads: number, rotated: number): Attributes => ({
  interleaved: int(interleaved),
  num_heads: int(heads),
  rotary_embedding_dim: int(rotated),
});

interface BlockLayout {
  readonly rows: number;
  readonly columns: number;
  readonly bits: 2 | 4 | 8;
  readonly blockSize: number;
  /** Packed zero points, or zero points as numbers, beside the scales. */
  readonly zero?: 'packed' | 'float';
  readonly twoDimensional?: true;
}

/** A blockwise quantised matrix [rows, columns] as MatMulNBits stores it: data, scales and zero points. */
function blocksOf({ rows, columns, bits, blockSize, zero, twoDimensional }: BlockLayout): Operand[] {
  const blocks = Math.ceil(columns / blockSize);
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const perRow = (count: number) => (twoDimensional ? [rows, count] : [rows * count]);
  const zeros =
    zero === 'float' ? weights(2, 9, ...perRow(blocks)) : zero === 'packed' ? bytes(...perRow(zeroBytes)) : null;
  return [
    bytes(rows, blocks, (blockSize * bits) / 8),
    weights(0.01, 0.05, ...perRow(blocks)),
    ...(zeros ? [zeros] : []),
  ];
}

/** MatMulNBits over rows [...lead, columns]; `more` are the inputs after the zero points: g_idx and bias. */
export function nBits(
  write: typeof line,
  layout: BlockLayout,
  lead: readonly number[],
  more: readonly Operand[] = [],
  rest: Rest = {},
): RuleCase {
  const { rows, columns, bits, blockSize, zero } = layout;
  const matrix = blocksOf(layout);
  const inputs = [x(...lead, columns), ...matrix, ...(more.length > 0 && !zero ? [null] : []), ...more];
  const attributes = { K: int(columns), N: int(rows), bits: int(bits), block_size: int(blockSize) };
  return write(`${MS}.MatMulNBits`, inputs, {
    ...rest,
    attributes,
    note: `${bits} bits${zero ? `, ${zero} zero points` : ''}${more.length > 0 ? `, ${more.length} more inputs` : ''}`,
  });
}
