/**
 * Every gradient rule on small inputs, one line per way to use the operator. A new operator adds its line here; how a line
 * is checked stands in rules.test.ts. Plain data, so that the page can read it too.
 */
import { float, int, ints } from '../../src/autodiff/attributes';
import type { Attributes } from '../../src/autodiff/types';
import type { DataType } from '../../src/onnx';

export type Operand =
  /** Random float32 numbers; the gradient with respect to them is checked unless they are `frozen`. */
  | { readonly dims: readonly number[]; readonly low: number; readonly high: number; readonly frozen?: boolean }
  /** Known when the graph is built. */
  | { readonly literal: DataType; readonly dims: readonly number[]; readonly values: readonly number[] }
  /** An integer input, known at run time only. */
  | { readonly input: 'int64'; readonly dims: readonly number[]; readonly values: readonly number[] }
  /** A weight of random bytes. */
  | { readonly weight: 'uint8'; readonly dims: readonly number[] }
  | { readonly weight: 'float32'; readonly dims: readonly number[]; readonly low: number; readonly high: number }
  /** The same value as an earlier operand. */
  | { readonly same: number }
  | null;

export interface RuleCase {
  /** Key in the table of rules. */
  readonly op: string;
  readonly note?: string;
  readonly inputs: readonly Operand[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
  /** Outputs that the loss depends on; default: all. */
  readonly used?: readonly number[];
}

const x = (...dims: number[]): Operand => ({ dims, low: -1.5, high: 1.5 });
const positive = (...dims: number[]): Operand => ({ dims, low: 0.6, high: 2 });
const frozen = (...dims: number[]): Operand => ({ dims, low: -1.5, high: 1.5, frozen: true });
const int64 = (...values: number[]): Operand => ({ literal: 'int64', dims: [values.length], values });
const scalar = (value: number): Operand => ({ literal: 'float32', dims: [], values: [value] });
const bools = (dims: number[], ...values: number[]): Operand => ({ literal: 'bool', dims, values });

const line = (op: string, inputs: readonly Operand[], rest: Omit<RuleCase, 'op' | 'inputs'> = {}): RuleCase => ({
  op,
  inputs,
  ...rest,
});

const MS = 'com.microsoft';
const fused = (transA: number, transB: number, alpha: number): Attributes => ({
  transA: int(transA),
  transB: int(transB),
  alpha: float(alpha),
});
const gemm = (transA: number, transB: number, alpha = 1, beta = 1): Attributes => ({
  ...fused(transA, transB, alpha),
  beta: float(beta),
});
const rotary = (interleaved: number, heads: number, rotated: number): Attributes => ({
  interleaved: int(interleaved),
  num_heads: int(heads),
  rotary_embedding_dim: int(rotated),
});
const positions = (batch: number, ...values: number[]): Operand => ({
  input: 'int64',
  dims: [batch, values.length / batch],
  values,
});

/** A blockwise quantised matrix [rows, columns] as MatMulNBits stores it; `zero`: packed zero points beside the scales. */
function nBits(
  rows: number,
  columns: number,
  bits: 4 | 8,
  blockSize: number,
  zero: boolean,
  ...lead: number[]
): RuleCase {
  const blocks = Math.ceil(columns / blockSize);
  const zeroBytes = bits === 4 ? Math.ceil(blocks / 2) : blocks;
  const inputs: Operand[] = [
    x(...lead, columns),
    { weight: 'uint8', dims: [rows, blocks, (blockSize * bits) / 8] },
    { weight: 'float32', dims: [rows * blocks], low: 0.01, high: 0.05 },
    ...(zero ? [{ weight: 'uint8', dims: [rows * zeroBytes] } as const] : []),
  ];
  const attributes = { K: int(columns), N: int(rows), bits: int(bits), block_size: int(blockSize) };
  return line(`${MS}.MatMulNBits`, inputs, { attributes, note: `${bits} bits${zero ? ', zero points' : ''}` });
}

export const ruleCases: readonly RuleCase[] = [
  line('Add', [x(2, 3), x(2, 3)]),
  line('Add', [x(2, 1, 3), x(5, 1)], { note: 'both broadcast' }),
  line('Add', [x(3), { same: 0 }], { note: 'of a value to itself' }),
  line('Add', [x(2, 3), frozen(3)], { note: 'one side frozen' }),
  line('Sub', [x(2, 3), x(3)]),
  line('Sub', [x(1), x(2, 3)]),
  line('Mul', [x(2, 3), x(2, 1)]),
  line('Mul', [x(1, 1, 3), x(4, 1)], { note: 'both broadcast' }),
  line('Mul', [x(5), { same: 0 }], { note: 'a square' }),
  line('Div', [x(2, 3), positive(3)]),
  line('Div', [x(3), positive(2, 3)]),
  line('Pow', [x(2, 3), scalar(2)]),
  line('Pow', [positive(2, 3), { literal: 'float32', dims: [3], values: [-0.5, 3, 1.5] }]),
  line('Neg', [x(4)]),
  line('Exp', [x(2, 3)]),
  line('Log', [positive(2, 3)]),
  line('Sqrt', [positive(2, 3)]),
  line('Reciprocal', [positive(2, 3)]),
  line('Sigmoid', [x(2, 3)]),
  line('Tanh', [x(2, 3)]),
  line('Sin', [x(2, 3)]),
  line('Cos', [x(2, 3)]),
  line('Where', [bools([2, 3], 1, 0, 1, 0, 0, 1), x(2, 3), x(2, 3)]),
  line('Where', [bools([2, 1, 3], 1, 0, 1, 0, 0, 1), x(4, 1), x(3)], { note: 'all broadcast' }),
  line('Where', [bools([3], 1, 0, 1), x(2, 3), scalar(7)], { note: 'one side known' }),

  line('MatMul', [x(3, 4), x(4, 5)]),
  line('MatMul', [x(2, 3, 4), x(4, 5)], { note: 'one matrix for all' }),
  line('MatMul', [x(3, 4), x(2, 4, 5)]),
  line('MatMul', [x(2, 1, 3, 4), x(3, 4, 1)], { note: 'leading axes broadcast' }),
  line(`${MS}.FusedMatMul`, [x(2, 3, 4), x(2, 5, 4)], { attributes: fused(0, 1, 0.5) }),
  line(`${MS}.FusedMatMul`, [x(2, 4, 3), x(2, 4, 5)], { attributes: fused(1, 0, 2) }),
  line(`${MS}.FusedMatMul`, [x(2, 4, 3), x(2, 5, 4)], { attributes: fused(1, 1, 1) }),
  line(`${MS}.FusedMatMul`, [x(2, 3, 4), x(4, 5)], { attributes: fused(0, 0, 3) }),
  line(`${MS}.FusedMatMul`, [x(2, 3, 4), x(1, 5, 4)], { attributes: fused(0, 1, 0.25), note: 'broadcast' }),
  line('Gemm', [x(3, 4), x(4, 5)]),
  line('Gemm', [x(3, 4), x(5, 4), x(5)], { attributes: gemm(0, 1, 0.5, 2) }),
  line('Gemm', [x(4, 3), x(4, 5), x(3, 1)], { attributes: gemm(1, 0) }),
  line('Gemm', [x(4, 3), x(5, 4), x(3, 5)], { attributes: gemm(1, 1, 2, -1) }),
  line('Gemm', [x(1, 7), frozen(3, 7)], { attributes: gemm(0, 1), note: 'one row' }),
  nBits(5, 32, 4, 16, false, 3),
  nBits(7, 48, 4, 16, true, 2, 3),
  nBits(5, 64, 4, 16, true, 1),
  nBits(6, 40, 4, 16, false, 2),
  nBits(6, 40, 4, 16, true, 2),
  nBits(5, 64, 8, 32, false, 2, 1),
  nBits(5, 32, 8, 16, true, 3),
  // More than 1 MiB as float32: too large to be set aside, so it is dequantised in the graph, at each run.
  nBits(2080, 128, 4, 32, false, 1),

  line('SimplifiedLayerNormalization', [x(3, 8), frozen(8)], {
    attributes: { axis: int(-1), epsilon: float(1e-5), stash_type: int(1) },
  }),
  line('SimplifiedLayerNormalization', [x(2, 3, 5), frozen(5)], {
    attributes: { axis: int(-1), epsilon: float(0.1), stash_type: int(1) },
    note: 'large epsilon, odd width',
  }),
  line('LayerNormalization', [x(3, 8), frozen(8), frozen(8)], {
    attributes: { axis: int(-1), epsilon: float(1e-5), stash_type: int(1) },
  }),
  line('LayerNormalization', [x(2, 3, 5), frozen(5)], {
    attributes: { axis: int(-1), epsilon: float(0.1), stash_type: int(1) },
    note: 'no bias, large epsilon, odd width',
  }),
  line('Erf', [x(2, 3)]),
  line('Softmax', [x(2, 5)], { attributes: { axis: int(-1) } }),
  line('Softmax', [x(2, 3, 4)], { attributes: { axis: int(-1) } }),
  line('ReduceSum', [x(2, 3, 4), int64(1)], { attributes: { keepdims: int(1) } }),
  line('ReduceSum', [x(2, 3, 4), int64(0, 2)], { attributes: { keepdims: int(0) } }),
  line('ReduceMean', [x(2, 3, 4), int64(2)], { attributes: { keepdims: int(1) } }),
  line('ReduceMean', [x(2, 3, 4), int64(0, 1)], { attributes: { keepdims: int(0) } }),

  line('Reshape', [x(2, 6), int64(3, 4)]),
  line('Transpose', [x(2, 3, 4)], { attributes: { perm: ints([2, 0, 1]) } }),
  line('Concat', [x(2, 1, 3), x(2, 4, 3), x(2, 2, 3)], { attributes: { axis: int(1) } }),
  line('Concat', [x(2, 3), { same: 0 }], { attributes: { axis: int(0) }, note: 'of a value with itself' }),
  line('Split', [x(2, 7), int64(3, 1, 3)], { attributes: { axis: int(1) }, outputs: 3 }),
  line('Split', [x(6, 2), int64(1, 2, 3)], { attributes: { axis: int(0) }, outputs: 3, used: [0, 2] }),
  line('Slice', [x(2, 7), int64(2), int64(5), int64(1)]),
  line('Slice', [x(5, 2), int64(0), int64(3), int64(0)], { note: 'from the start' }),
  line('Expand', [x(1, 3, 1), int64(2, 3, 4)]),
  line('Expand', [x(3, 1), int64(2, 1, 5)], { note: 'new axes in front' }),
  line('Gather', [x(6, 3), int64(4, 0, 4, 2)], { attributes: { axis: int(0) }, note: 'a row twice' }),
  line('Gather', [x(6, 3), { input: 'int64', dims: [2, 2], values: [5, 1, 1, 3] }], {
    attributes: { axis: int(0) },
    note: 'indices of rank 2, from an input',
  }),
  line('Cast', [x(2, 3)], { attributes: { to: int(1) } }),

  line(`${MS}.RotaryEmbedding`, [x(2, 3, 2, 8), positions(2, 4, 1, 0, 6), frozen(7, 4), frozen(7, 4)], {
    attributes: rotary(0, 0, 0),
    note: 'heads apart',
  }),
  line(`${MS}.RotaryEmbedding`, [x(2, 3, 8), positions(2, 0, 1, 2, 5, 5, 3), frozen(6, 4), frozen(6, 4)], {
    attributes: rotary(0, 0, 0),
    note: 'one head per row',
  }),
  line(`${MS}.RotaryEmbedding`, [x(1, 2, 3, 8), positions(1, 2, 3, 4), frozen(6, 4), frozen(6, 4)], {
    attributes: rotary(1, 0, 0),
    note: 'interleaved',
  }),
  line(`${MS}.RotaryEmbedding`, [x(2, 2, 3, 8), positions(2, 2, 3, 4, 0, 1, 2), frozen(6, 2), frozen(6, 2)], {
    attributes: rotary(0, 2, 4),
    note: 'half of each head',
  }),
];
