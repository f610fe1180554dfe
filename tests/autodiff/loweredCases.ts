/**
 * Operators of files as `lower` opens them, one line per form in which exports write them. The gradient is held against
 * finite differences, the values against ONNX Runtime's own operator. Attention has a table of its own.
 */
import { float, int, ints, text } from '../../src/autodiff/attributes';
import { node } from '../support/graphs';
import { attentionCases } from './attentionCases';
import {
  bytes,
  file,
  floats,
  frozen,
  fused,
  gemm,
  int64,
  MS,
  mixed,
  nBits,
  type Operand,
  type Oracle,
  positive,
  type RuleCase,
  runtime,
  scalar,
  truths,
  weights,
  whole,
  x,
} from './ruleLines';

const nodes = (...list: ReturnType<typeof node>[]): Oracle => ({ nodes: list });
const one = node('Constant', '', 'one', { value_float: float(1) });
/** Both kinds of a function of one operand: a matrix, and another rank. */
const both = (op: string, operand: (...dims: number[]) => Operand, rest: Parameters<typeof file>[2] = {}) => [
  file(op, [operand(2, 3)], rest),
  file(op, [operand(2, 1, 4)], rest),
];

const activations: readonly RuleCase[] = [
  ...both('Gelu', x, { attributes: { approximate: text('none') } }),
  ...both('Gelu', x, { attributes: { approximate: text('tanh') } }),
  ...both(`${MS}.Gelu`, x),
  file(`${MS}.BiasGelu`, [x(2, 4), x(4)]),
  file(`${MS}.BiasGelu`, [x(2, 3, 5), x(5)]),
  file(`${MS}.FastGelu`, [x(2, 4)]),
  file(`${MS}.FastGelu`, [x(2, 3, 5), x(5)]),
  ...both(`${MS}.QuickGelu`, x, { attributes: { alpha: float(1.702) } }),
  ...both(`${MS}.QuickGelu`, x, { attributes: { alpha: float(1) } }),
  ...both('Swish', x, { opset: 24, attributes: { alpha: float(0.7) } }),
  ...both('LeakyRelu', mixed, { attributes: { alpha: float(0.2) } }),
  file('PRelu', [mixed(2, 3), x(3)], { opset: 16 }),
  file('PRelu', [mixed(2, 2, 2), x(2, 1)], { opset: 16 }),
  ...both('Elu', mixed, { attributes: { alpha: float(0.5) } }),
  ...both('Selu', mixed),
  ...both('HardSigmoid', x),
  ...both('HardSwish', x),
  ...both('Mish', x),
  file('Softmax', [x(2, 3, 4)], { attributes: { axis: int(1) } }),
  file('Softmax', [x(2, 3, 4)], { attributes: { axis: int(1) }, opset: 11, note: 'the rest as one' }),
  file('Softmax', [x(3, 4)], { opset: 11 }),
  file('LogSoftmax', [x(3, 4)]),
  file('LogSoftmax', [x(2, 3, 2)], { attributes: { axis: int(0) } }),
  file('LogSoftmax', [x(2, 3, 2)], { opset: 11, note: 'the rest as one' }),
  file(`${MS}.BiasSoftmax`, [x(2, 3, 4), x(1, 3, 4)], {
    attributes: { axis: int(2), is_inner_broadcast: int(0) },
    oracle: nodes(node('Add', 'x0 x1', 'sum'), node('Softmax', 'sum', 'y0', { axis: int(2) })),
  }),
  file(`${MS}.BiasSoftmax`, [x(2, 3, 4), x(2, 1, 4)], {
    attributes: { axis: int(2), is_inner_broadcast: int(1) },
    oracle: nodes(node('Add', 'x0 x1', 'sum'), node('Softmax', 'sum', 'y0', { axis: int(2) })),
  }),
];

const arithmetic: readonly RuleCase[] = [
  ...[1, 2, 3, 0.5, -0.5, -1, 1.7].map((power) => file('Pow', [positive(2, 3), scalar(power)], { note: `${power}` })),
  file('Pow', [x(2, 3), floats([1], 3)]),
  file('Sum', [x(2, 3), x(3), x(2, 1)]),
  file('Sum', [x(4)]),
  file('Mean', [x(2, 3), x(3)]),
  file('Mean', [x(2, 1), x(3), x(2, 3)]),
  file('Max', [mixed(2, 3), scalar(0), frozen(3)]),
  file('Min', [mixed(4), scalar(0.1)]),
  file('Clip', [mixed(2, 5), scalar(-0.78), scalar(0.66)]),
  file('Clip', [mixed(6), null, scalar(0.05)]),
  file('Clip', [mixed(2, 3)], { opset: 10, attributes: { min: float(-0.1), max: float(10) }, note: 'by attributes' }),
  file('Clip', [runtime([4], -3, 0, 2, 9), scalar(0, 'int64'), scalar(5, 'int64')], { note: 'whole numbers' }),
  file('Sign', [frozen(2, 3)]),
  file('Sign', [runtime([3], -4, 0, 2)]),
  file('Sub', [runtime([2, 2], 5, 1, 2, 7), int64(3, 9)], { note: 'whole numbers' }),
];

const logic: readonly RuleCase[] = [
  file('Or', [truths([4], 0, 0, 1, 1), truths([4], 0, 1, 0, 1)]),
  file('Or', [truths([2, 1], 0, 1), truths([2], 0, 1)], { note: 'broadcast' }),
  file('Xor', [truths([4], 0, 0, 1, 1), truths([4], 0, 1, 0, 1)]),
  file('And', [truths([2, 1], 0, 1), truths([2], 0, 1)]),
  file('Not', [truths([2], 0, 1)]),
  file('Where', [truths([4], 0, 0, 1, 1), truths([4], 0, 1, 0, 1), truths([1], 1)], {
    note: 'of truths',
    oracle: nodes(
      node('Cast', 'x1', 'a', { to: int(1) }),
      node('Cast', 'x2', 'b', { to: int(1) }),
      node('Where', 'x0 a b', 'chosen'),
      node('Cast', 'chosen', 'y0', { to: int(9) }),
    ),
  }),
  file('Where', [truths([3], 0, 1, 1), runtime([2, 3], 1, 2, 3, 4, 5, 6), int64(-1)], { note: 'of whole numbers' }),
  file('IsNaN', [frozen(2, 3)]),
  file('IsInf', [frozen(2, 3)]),
  file('IsInf', [frozen(3)], { attributes: { detect_positive: int(0), detect_negative: int(0) } }),
  ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'].map((op) =>
    file(op, [runtime([2, 3], 1, 2, 3, 4, 5, 6), int64(4, 2, 3)]),
  ),
];

const reductions: readonly RuleCase[] = [
  file('ReduceSum', [x(2, 3, 4)], { opset: 11, attributes: { axes: ints([-1]) }, note: 'axes by attribute' }),
  file('ReduceSum', [x(2, 3)], { attributes: { keepdims: int(0) }, note: 'all axes' }),
  file('ReduceSum', [x(2, 3), int64()], { attributes: { noop_with_empty_axes: int(1) }, note: 'no axes' }),
  file('ReduceMean', [x(2, 3, 4)], { opset: 17, attributes: { axes: ints([1, 2]), keepdims: int(0) } }),
  file('ReduceMax', [mixed(2, 3), int64(-1)]),
  file('ReduceMin', [mixed(2, 3), int64(0)]),
  file('ReduceProd', [frozen(2, 3), int64(1)]),
  ...['ReduceSumSquare', 'ReduceL2', 'ReduceLogSumExp'].flatMap((op) => [
    file(op, [x(2, 3), int64(1)]),
    file(op, [x(2, 3, 2), int64(0, 2)], { attributes: { keepdims: int(0) } }),
  ]),
  file('ReduceL1', [mixed(2, 3), int64(1)]),
  file('ReduceL1', [mixed(2, 2, 2), int64(0, 2)], { attributes: { keepdims: int(0) } }),
  file('ReduceLogSum', [positive(2, 3), int64(1)]),
  file('ReduceLogSum', [positive(2, 3, 2), int64(0, 2)], { attributes: { keepdims: int(0) } }),
];

const einsum = (equation: string, ...inputs: Operand[]) =>
  file('Einsum', inputs, { attributes: { equation: text(equation) } });

const products: readonly RuleCase[] = [
  file('MatMul', [x(4), x(4, 3)], { note: 'a vector on the left' }),
  file('MatMul', [x(2, 3, 4), x(4)], { note: 'a vector on the right' }),
  file('MatMul', [x(4), x(4)], { note: 'two vectors' }),
  file('MatMul', [x(4), x(2, 4, 3)], { note: 'a vector and matrices' }),
  file('Gemm', [x(3, 4), x(4, 5), x(5)], { attributes: gemm(0, 0, 0.5, 2) }),
  file('Gemm', [x(3, 4), x(5, 4), x(3, 1)], { attributes: gemm(0, 1, 1, 0.5), note: 'a column of C' }),
  file('Gemm', [x(3, 4), x(5, 4), x(3, 5)], { attributes: gemm(0, 1), note: 'a whole C' }),
  file('Gemm', [x(3, 4), x(4, 5), scalar(0.7)], { attributes: gemm(0, 0, 2, -1), note: 'a single C' }),
  file('Gemm', [x(3, 4), x(4, 5)]),
  file(`${MS}.FusedMatMul`, [x(3, 2, 4), x(2, 4, 5)], { attributes: { ...fused(0, 0, 0.5), transBatchA: int(1) } }),
  file(`${MS}.FusedMatMul`, [x(2, 3, 4), x(5, 2, 4)], { attributes: { ...fused(0, 1, 1), transBatchB: int(1) } }),
  einsum('ij,jk->ik', x(2, 3), x(3, 4)),
  einsum('bhqd,bhkd->bhqk', x(2, 2, 3, 4), x(2, 2, 2, 4)),
  einsum('bqd,kd->bqk', x(2, 3, 4), x(5, 4)),
  einsum('bij,bij->b', x(2, 3, 2), x(2, 3, 2)),
  einsum('i,j->ji', x(3), x(2)),
  einsum('ijk->kj', x(2, 3, 4)),
  einsum('ij,jk', x(2, 3), x(3, 4)),
];

/** A table [rows, columns] of MatMulNBits' layout as numbers, by multiplying it with the unit matrix. */
const tableThenGather = (rows: number, columns: number, bits: number, blockSize: number, zero: boolean): Oracle =>
  nodes(
    node('Constant', '', 'shape', { value_ints: ints([columns, columns]) }),
    node('ConstantOfShape', 'shape', 'square'),
    node('EyeLike', 'square', 'unit'),
    node('Constant', '', 'packed_shape', { value_ints: ints([rows, columns / blockSize, (blockSize * bits) / 8]) }),
    node('Reshape', 'x0 packed_shape', 'packed'),
    node('Constant', '', 'flat', { value_ints: ints([-1]) }),
    node('Reshape', 'x2 flat', 'scales'),
    ...(zero ? [node('Reshape', 'x3 flat', 'zeros')] : []),
    node(
      'MatMulNBits',
      `unit packed scales${zero ? ' zeros' : ''}`,
      'columns',
      { K: int(columns), N: int(rows), bits: int(bits), block_size: int(blockSize) },
      MS,
    ),
    node('Transpose', 'columns', 'table', { perm: ints([1, 0]) }),
    node('Gather', 'table x1', 'y0', { axis: int(0) }),
  );

const gatherAttributes = (bits: number, blockSize: number) => ({
  bits: int(bits),
  block_size: int(blockSize),
  gather_axis: int(0),
  quantize_axis: int(1),
});

/** A table of packed bytes, [6, 48] numbers, looked up. */
function lookUp(bits: 2 | 4 | 8, zero: boolean): RuleCase {
  const zeros = zero ? [bytes(6, Math.ceil((3 * bits) / 8))] : [];
  return file(
    `${MS}.GatherBlockQuantized`,
    [bytes(6, (48 * bits) / 8), runtime([2, 2], 5, 0, 3, 3), weights(0.01, 0.05, 6, 3), ...zeros],
    { attributes: gatherAttributes(bits, 16), oracle: tableThenGather(6, 48, bits, 16, zero) },
  );
}

const typedLookUp = (weight: 'uint4' | 'int4', zero: boolean): RuleCase =>
  file(
    `${MS}.GatherBlockQuantized`,
    [
      { weight, dims: [6, 48] },
      runtime([3], 5, 0, 3),
      weights(0.01, 0.05, 6, 3),
      ...(zero ? [{ weight, dims: [6, 3] } as const] : []),
    ],
    {
      attributes: gatherAttributes(4, 16),
      oracle: nodes(
        node('DequantizeLinear', `x0 x2${zero ? ' x3' : ''}`, 'table', { axis: int(1), block_size: int(16) }),
        node('Gather', 'table x1', 'y0', { axis: int(0) }),
      ),
    },
  );

const bnb4 = (rows: number, columns: number, type: number, ...lead: number[]) =>
  file(
    `${MS}.MatMulBnb4`,
    [x(...lead, columns), bytes((rows * columns) / 2), weights(0.01, 0.05, Math.ceil((rows * columns) / 64))],
    { attributes: { K: int(columns), N: int(rows), block_size: int(64), quant_type: int(type) } },
  );

const dequantised = node('DequantizeLinear', 'x1 one x3', 'b');

const quantised: readonly RuleCase[] = [
  nBits(file, { rows: 5, columns: 32, bits: 4, blockSize: 16 }, [3]),
  nBits(file, { rows: 5, columns: 40, bits: 4, blockSize: 16, zero: 'packed', twoDimensional: true }, [2, 2]),
  nBits(file, { rows: 5, columns: 40, bits: 4, blockSize: 16, zero: 'float' }, [2]),
  nBits(file, { rows: 4, columns: 256, bits: 4, blockSize: 256 }, [1]),
  nBits(file, { rows: 5, columns: 64, bits: 8, blockSize: 32, zero: 'packed' }, [2]),
  nBits(file, { rows: 5, columns: 64, bits: 8, blockSize: 32, twoDimensional: true }, [2]),
  nBits(file, { rows: 5, columns: 64, bits: 2, blockSize: 16 }, [2]),
  nBits(file, { rows: 5, columns: 48, bits: 2, blockSize: 16, zero: 'packed' }, [2]),
  nBits(file, { rows: 3, columns: 32, bits: 4, blockSize: 16 }, [2], [groups(32, 2)]),
  nBits(file, { rows: 3, columns: 32, bits: 4, blockSize: 16, zero: 'packed' }, [2], [groups(32, 2), x(3)], {
    oracle: { without: 'its kernel takes 8 for every zero point where groups are reordered' },
  }),
  nBits(file, { rows: 3, columns: 32, bits: 4, blockSize: 16, zero: 'packed' }, [2], [null, x(3)]),
  bnb4(4, 32, 1, 3),
  bnb4(3, 48, 1, 2, 2),
  bnb4(4, 32, 0, 3),
  lookUp(2, false),
  lookUp(2, true),
  lookUp(4, false),
  lookUp(4, true),
  lookUp(8, false),
  lookUp(8, true),
  typedLookUp('uint4', false),
  typedLookUp('uint4', true),
  typedLookUp('int4', false),
  typedLookUp('int4', true),
  file('DequantizeLinear', [{ weight: 'int8', dims: [3, 4] }, scalar(0.03)]),
  file('DequantizeLinear', [bytes(3, 4), weights(0.01, 0.05, 3), bytes(3)], { attributes: { axis: int(0) } }),
  file('DequantizeLinear', [bytes(3, 4), weights(0.01, 0.05, 4), bytes(4)], { opset: 13, note: 'default axis' }),
  file('DequantizeLinear', [{ weight: 'int4', dims: [32, 3] }, weights(0.01, 0.05, 2, 3)], {
    attributes: { axis: int(0), block_size: int(16) },
  }),
  file(
    'DequantizeLinear',
    [{ weight: 'uint4', dims: [3, 32] }, weights(0.01, 0.05, 3, 2), { weight: 'uint4', dims: [3, 2] }],
    {
      attributes: { axis: int(-1), block_size: int(16) },
    },
  ),
  file('DequantizeLinear', [x(2, 3), scalar(0.03), scalar(7, 'uint8')], {
    note: 'of activations',
    oracle: nodes(
      node('Cast', 'x2', 'zero', { to: int(1) }),
      node('Sub', 'x0 zero', 'centred'),
      node('Mul', 'centred x1', 'y0'),
    ),
  }),
  file('QuantizeLinear', [x(2, 3), weights(0.01, 0.05, 3), scalar(7, 'uint8')], {
    oracle: nodes(
      node('Cast', 'x2', 'zero', { to: int(1) }),
      node('Div', 'x0 x1', 'scaled'),
      node('Add', 'scaled zero', 'y0'),
    ),
  }),
  file('QuantizeLinear', [x(4), scalar(0.05)], { oracle: nodes(node('Div', 'x0 x1', 'y0')) }),
  file('DynamicQuantizeLinear', [x(2, 3)], { outputs: 3, used: [0], oracle: nodes(node('Identity', 'x0', 'y0')) }),
  file('DynamicQuantizeLinear', [x(4)], { outputs: 3, used: [0], oracle: nodes(node('Identity', 'x0', 'y0')) }),
  file('MatMulInteger', [x(2, 4), bytes(4, 3), scalar(0), bytes()], {
    oracle: nodes(one, dequantised, node('MatMul', 'x0 b', 'y0')),
  }),
  file('MatMulInteger', [x(2, 3, 4), { weight: 'int8', dims: [4, 3] }, scalar(0), { weight: 'int8', dims: [3] }], {
    note: 'zero points per column',
    oracle: nodes(
      node('Constant', '', 'one', { value_floats: { type: 'floats', value: [1, 1, 1] } }),
      dequantised,
      node('MatMul', 'x0 b', 'y0'),
    ),
  }),
  file('MatMulInteger', [bytes(2, 4), { weight: 'int8', dims: [4, 3] }, scalar(100, 'uint8')], {
    note: 'of numbers that are whole',
    oracle: nodes(node('MatMulInteger', 'x0 x1 x2', 'sum'), node('Cast', 'sum', 'y0', { to: int(1) })),
  }),
  file(
    `${MS}.MatMulIntegerToFloat`,
    [x(2, 4), bytes(4, 3), scalar(1), weights(0.01, 0.05, 3), scalar(0), bytes(3), x(3)],
    {
      oracle: nodes(
        node('DequantizeLinear', 'x1 x3 x5', 'b'),
        node('MatMul', 'x0 b', 'product'),
        node('Add', 'product x6', 'y0'),
      ),
    },
  ),
  file(`${MS}.MatMulIntegerToFloat`, [bytes(2, 4), { weight: 'int8', dims: [4, 3] }, scalar(0.02), scalar(0.03)]),
  file(`${MS}.DynamicQuantizeMatMul`, [x(2, 4), bytes(4, 3), scalar(0.02), scalar(7, 'uint8'), x(3)], {
    oracle: nodes(
      node('DequantizeLinear', 'x1 x2 x3', 'b'),
      node('MatMul', 'x0 b', 'product'),
      node('Add', 'product x4', 'y0'),
    ),
  }),
  file(`${MS}.DynamicQuantizeMatMul`, [x(2, 3, 4), bytes(4, 5), weights(0.01, 0.05, 5)], {
    oracle: nodes(node('DequantizeLinear', 'x1 x2', 'b'), node('MatMul', 'x0 b', 'y0')),
  }),
  file(
    'QLinearMatMul',
    [
      x(2, 4),
      scalar(0.1),
      scalar(3, 'uint8'),
      bytes(4, 3),
      scalar(0.02),
      scalar(7, 'uint8'),
      scalar(0.5),
      scalar(9, 'uint8'),
    ],
    {
      oracle: nodes(
        node('Cast', 'x2', 'zero_a', { to: int(1) }),
        node('Sub', 'x0 zero_a', 'centred'),
        node('Mul', 'centred x1', 'a'),
        node('DequantizeLinear', 'x3 x4 x5', 'b'),
        node('MatMul', 'a b', 'product'),
        node('Div', 'product x6', 'scaled'),
        node('Cast', 'x7', 'zero_y', { to: int(1) }),
        node('Add', 'scaled zero_y', 'y0'),
      ),
    },
  ),
];

/** Column k belongs to group k mod `count`. */
function groups(columns: number, count: number): Operand {
  return { literal: 'int32', dims: [columns], values: Array.from({ length: columns }, (_, k) => k % count) };
}

const norm = (epsilon: number, axis = -1) => ({ axis: int(axis), epsilon: float(epsilon), stash_type: int(1) });

const norms: readonly RuleCase[] = [
  file('LayerNormalization', [x(2, 3, 4), frozen(3, 4), frozen(3, 4)], { attributes: norm(1e-3, 1), note: 'two axes' }),
  file('LayerNormalization', [x(2, 3, 4), frozen(4), frozen(4)], { attributes: norm(0.3), outputs: 3 }),
  file('SimplifiedLayerNormalization', [x(2, 3, 4), frozen(4)], { attributes: norm(1e-3), outputs: 2 }),
  file('SimplifiedLayerNormalization', [x(2, 3, 4), frozen(3, 4)], { attributes: norm(1e-3, 1), note: 'two axes' }),
  file('RMSNormalization', [x(2, 3, 4), frozen(4)], { attributes: norm(1e-3), opset: 23 }),
  file('RMSNormalization', [x(2, 3, 4), frozen(3, 4)], { attributes: norm(1e-3, 1), opset: 23, note: 'two axes' }),
  ...[false, true].flatMap((bias) => [
    file(`${MS}.SkipSimplifiedLayerNormalization`, [x(2, 3, 4), x(2, 3, 4), frozen(4), ...(bias ? [frozen(4)] : [])], {
      attributes: { epsilon: float(1e-3) },
      outputs: 4,
      used: [0, 3],
    }),
    file(
      `${MS}.SkipLayerNormalization`,
      [x(2, 3, 4), bias ? x(1, 3, 4) : x(2, 3, 4), frozen(4), frozen(4), ...(bias ? [frozen(4)] : [])],
      { attributes: { epsilon: float(1e-3) }, outputs: 4, used: [0, 3] },
    ),
  ]),
  file(`${MS}.SkipLayerNormalization`, [x(2, 3, 4), x(2, 3, 4), frozen(4)], {
    attributes: { epsilon: float(1e-3) },
    note: 'no bias at all',
  }),
  file(`${MS}.SkipLayerNormalization`, [x(2, 3, 4), x(2, 3, 4), frozen(4), frozen(4)], {
    attributes: { epsilon: float(1e-3) },
    outputs: 3,
    note: 'with its statistics',
    oracle: nodes(node('Add', 'x0 x1', 'sum'), node('LayerNormalization', 'sum x2 x3', 'y0 y1 y2', norm(1e-3))),
  }),
  file(`${MS}.SkipSimplifiedLayerNormalization`, [x(3, 4), x(3, 4), frozen(4)], {
    attributes: { epsilon: float(1e-3) },
    outputs: 3,
    used: [0, 2],
    note: 'with its statistic',
    oracle: nodes(node('Add', 'x0 x1', 'sum'), node('SimplifiedLayerNormalization', 'sum x2', 'y0 y2', norm(1e-3))),
  }),
];

const pad = (mode: string, operands: readonly Operand[], rest: Parameters<typeof file>[2] = {}) =>
  file('Pad', operands, { attributes: { mode: text(mode) }, ...rest });

const shapes: readonly RuleCase[] = [
  file('Slice', [x(7, 2), int64(5), int64(0), int64(0), int64(-2)], { note: 'backwards' }),
  file('Slice', [x(2, 7), int64(0, 1), int64(9, -1), int64(0, 1), int64(1, 3)], { note: 'with steps' }),
  file('Slice', [x(3, 4), int64(-1), int64(Number.MIN_SAFE_INTEGER), int64(1), int64(-1)], { note: 'all, reversed' }),
  file('Slice', [x(3, 4)], { opset: 9, attributes: { starts: ints([1]), ends: ints([99]), axes: ints([-1]) } }),
  file('Slice', [x(3, 4), int64(1, 0), int64(3, 2)], { note: 'no axes' }),
  file('Split', [x(7, 2)], { attributes: { num_outputs: int(3) }, outputs: 3, note: 'uneven parts' }),
  file('Split', [x(2, 6)], { opset: 11, attributes: { axis: int(-1), split: ints([2, 4]) }, outputs: 2 }),
  file('Concat', [x(2, 3), x(2, 1)], { attributes: { axis: int(-1) } }),
  file('Expand', [x(3, 1), int64(2, 1, 4)]),
  file('Tile', [x(2, 3), int64(2, 3)]),
  file('Tile', [x(2, 1, 3), int64(1, 4, 2)]),
  pad('constant', [x(2, 3), int64(1, 0, 0, 2), scalar(0.5)]),
  pad('constant', [x(2, 5), int64(0, -1, 1, -2)], { note: 'a negative width cuts' }),
  pad('constant', [x(2, 3), int64(2, 1), null, int64(-1)], { note: 'of one axis' }),
  pad('constant', [x(2, 3)], {
    opset: 10,
    attributes: { mode: text('constant'), pads: ints([0, 1, 0, 1]), value: float(2) },
  }),
  pad('edge', [x(2, 3), int64(1, 2, 0, 1)]),
  pad('reflect', [x(2, 4), int64(0, 2, 1, 3)]),
  pad('wrap', [x(2, 3), int64(1, 2, 0, 1)]),
  file('Reshape', [x(2, 3, 4), int64(0, -1)]),
  file('Transpose', [x(2, 3, 4)], { note: 'default order' }),
  file('Squeeze', [x(2, 1, 3, 1), int64(-1)]),
  file('Squeeze', [x(2, 1, 3, 1)], { opset: 11, attributes: { axes: ints([1]) } }),
  file('Squeeze', [x(1, 3, 1)], { note: 'every 1' }),
  file('Unsqueeze', [x(2, 3), int64(0, -1)]),
  file('Unsqueeze', [x(4)], { opset: 11, attributes: { axes: ints([1]) } }),
  file('Flatten', [x(2, 3, 4)], { attributes: { axis: int(2) } }),
  file('Flatten', [x(2, 3)], { attributes: { axis: int(0) } }),
  file('Gather', [x(3, 4), int64(-1, 0)], { attributes: { axis: int(1) }, note: 'from the end' }),
  file('GatherElements', [x(3, 4), whole([1, 2], -1, 0)], { attributes: { axis: int(0) }, note: 'from the end' }),
  file('GatherND', [x(3, 4), whole([2, 2], 0, -1, -1, 2)], { note: 'from the end' }),
  file('GatherND', [frozen(2, 3, 4), runtime([2, 1], 2, 0)], { attributes: { batch_dims: int(1) } }),
  file('ScatterND', [frozen(4, 3), runtime([2, 1], 2, 0), frozen(2, 3)]),
  file('ScatterElements', [frozen(2, 3), runtime([1, 3], 1, 0, 1), frozen(1, 3)]),
  file('OneHot', [runtime([2, 2], 0, 3, -1, 1), scalar(4, 'int64'), floats([2], 0, 1)]),
  file('OneHot', [runtime([3], 0, 2, 1), scalar(3, 'int64'), frozen(2)], { attributes: { axis: int(0) } }),
  file('Trilu', [x(3, 4)]),
  file('Trilu', [x(2, 4, 3), scalar(-1, 'int64')], { attributes: { upper: int(0) } }),
  file('Trilu', [x(3, 3), scalar(1, 'int64')], { attributes: { upper: int(1) } }),
  file('CumSum', [runtime([2, 4], 1, 1, 1, 0, 0, 1, 1, 1), scalar(1, 'int64')], { note: 'positions from a mask' }),
  file('CumSum', [x(2, 3), scalar(-1, 'int32')], { attributes: { exclusive: int(1), reverse: int(1) } }),
  file('Identity', [x(2, 3)]),
  file('Identity', [x(4)]),
  file('Dropout', [x(2, 3)], { outputs: 2 }),
  file('Dropout', [x(4), scalar(0.5)], { note: 'no mask wanted' }),
  file('Cast', [runtime([3], -1, 0, 2)], { attributes: { to: int(1) } }),
  file('Cast', [runtime([3], -1, 0, 2)], { attributes: { to: int(9) } }),
  file('CastLike', [runtime([3], -1, 0, 2), frozen(1)]),
  file('CastLike', [x(2, 3), frozen(1)]),
];

export const loweredCases: readonly RuleCase[] = [
  ...activations,
  ...arithmetic,
  ...logic,
  ...reductions,
  ...products,
  ...quantised,
  ...norms,
  ...shapes,
  ...attentionCases,
];
