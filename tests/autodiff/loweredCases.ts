/**
 * Operators of files as `lower` opens them, one line per form in which exports write them. The gradient is held against
 * finite differences, the values against ONNX Runtime's own operator. Attention, quantisation and shapes have tables of their own.
 */
import { float, int, ints, text } from '../../src/autodiff/attributes';
import { node } from '../support/graphs';
import { attentionCases } from './attentionCases';
import { quantisedCases } from './quantisedCases';
import {
  file,
  floats,
  frozen,
  fused,
  gemm,
  int64,
  MS,
  mixed,
  type Operand,
  type Oracle,
  positive,
  type RuleCase,
  runtime,
  scalar,
  truths,
  x,
} from './ruleLines';
import { shapeCases } from './shapeCases';

const nodes = (...list: ReturnType<typeof node>[]): Oracle => ({ nodes: list });
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

export const loweredCases: readonly RuleCase[] = [
  ...activations,
  ...arithmetic,
  ...logic,
  ...reductions,
  ...products,
  ...quantisedCases,
  ...norms,
  ...shapeCases,
  ...attentionCases,
];
