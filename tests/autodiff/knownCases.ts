/**
 * What is computed while a graph is built: every operand is known, and so must be the result. One line at least for each
 * operator that shapes, positions and masks are made of; ONNX Runtime says what is right.
 */
import { int, ints, text } from '../../src/autodiff/attributes';
import { tensorFromNumbers } from '../../src/onnx';
import { node } from '../support/graphs';
import { bools, file, floats, int32, int64, type RuleCase, scalar, whole } from './ruleLines';

const table = floats([2, 3], 3, -1, 2, 2, 5, -4);
const numbers = whole([2, 3], 1, 2, 3, 4, 5, 6);
const toFloat = { attributes: { to: int(1) } };

const reductions = ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd'].flatMap((op) => [
  file(op, [table, int64(1)]),
  file(op, [table], { attributes: { keepdims: int(0) } }),
]);

const pairs = ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min'].flatMap((op) => [
  file(op, [table, floats([3], 2, -3, 0.5)]),
  file(op, [numbers, int64(-2, 4, 2)], { note: 'whole numbers' }),
]);

const functions = [
  ...['Neg', 'Abs', 'Sign', 'Floor', 'Ceil', 'Round', 'Exp', 'Sigmoid', 'Tanh', 'Relu', 'Softplus', 'Sin', 'Cos'],
].map((op) => file(op, [floats([6], -2.5, -0.5, 0, 0.5, 1.5, 2.3)]));

const scatterElements = (reduction: string) =>
  file('ScatterElements', [table, whole([1, 2], 1, 0), floats([1, 2], 10, 20)], {
    attributes: { axis: int(0), reduction: text(reduction) },
  });

const scatterNd = (reduction: string) =>
  file('ScatterND', [table, whole([2, 2], 0, 1, -1, 0), floats([2], 10, 20)], {
    attributes: { reduction: text(reduction) },
  });

export const knownCases: readonly RuleCase[] = [
  ...pairs,
  ...functions,
  ...reductions,
  ...['Log', 'Sqrt', 'Reciprocal'].map((op) => file(op, [floats([3], 0.5, 1, 4)])),
  file('Pow', [floats([3], 0.5, 1, 4), floats([1], -2)]),
  file('Pow', [int64(2, 3), int64(3, 2)]),
  file('Mod', [int64(7, -7, 7), int64(3, 3, -3)]),
  file('Mod', [floats([3], 7.5, -7.5, 7.5), scalar(2)], { attributes: { fmod: int(1) } }),
  file('Clip', [int64(-3, 2, 9), scalar(0, 'int64'), scalar(5, 'int64')]),
  file('Where', [bools([2, 1], 1, 0), table, scalar(7)]),
  ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'].map((op) => file(op, [numbers, int64(1, 5, 3)])),
  ...['And', 'Or', 'Xor'].map((op) => file(op, [bools([4], 0, 0, 1, 1), bools([4], 0, 1, 0, 1)])),
  file('Not', [bools([2], 0, 1)]),
  file('IsNaN', [floats([2], Number.NaN, 1)]),
  file('IsInf', [floats([3], Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY)]),
  file('IsInf', [floats([3], Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY)], {
    attributes: { detect_negative: int(0) },
  }),

  file('Shape', [table]),
  file('Shape', [floats([1, 2, 1], 5, 6)], { attributes: { start: int(-2), end: int(3) } }),
  file('Size', [table]),
  file('Constant', [], {
    attributes: { value: { type: 'tensor', value: tensorFromNumbers('', 'int64', [2], [4, 5]) } },
  }),
  file('Constant', [], { attributes: { value_int: int(7) } }),
  file('Constant', [], { attributes: { value_ints: ints([7, 8]) } }),
  file('Constant', [], { attributes: { value_float: { type: 'float', value: 0.5 } } }),
  file('Constant', [], { attributes: { value_floats: { type: 'floats', value: [0.5, 2] } } }),
  file('ConstantOfShape', [int64(2, 3)]),
  file('ConstantOfShape', [int64(2)], {
    attributes: { value: { type: 'tensor', value: tensorFromNumbers('', 'int64', [1], [9]) } },
  }),
  file('Range', [scalar(2, 'int64'), scalar(9, 'int64'), scalar(3, 'int64')]),
  file('Range', [scalar(5), scalar(1), scalar(-1.5)]),
  file('EyeLike', [table], { attributes: { k: int(1) } }),
  file('EyeLike', [table], { attributes: { dtype: int(7), k: int(-1) } }),
  file('NonZero', [floats([2, 3], 0, 1, 0, 2, 0, 3)]),
  file('OneHot', [int64(0, -1), scalar(3, 'int64'), floats([2], 0, 5)]),
  ...[0, 1].flatMap((reverse) =>
    [0, 1].map((exclusive) =>
      file('CumSum', [numbers, scalar(1, 'int64')], {
        attributes: { reverse: int(reverse), exclusive: int(exclusive) },
      }),
    ),
  ),
  ...[0, 1].map((upper) => file('Trilu', [table, scalar(1 - upper, 'int64')], { attributes: { upper: int(upper) } })),
  file('Trilu', [bools([2, 2], 1, 1, 1, 0)], {
    attributes: { upper: int(0) },
    note: 'of truths',
  }),
  ...['ArgMax', 'ArgMin'].flatMap((op) => [
    file(op, [table], { attributes: { axis: int(1), keepdims: int(0) } }),
    file(op, [floats([4], 2, 5, 5, 2)], { attributes: { select_last_index: int(1) } }),
  ]),
  file('TopK', [table, int64(2)], { outputs: 2 }),
  file('TopK', [table, int64(1)], { attributes: { axis: int(0), largest: int(0) }, outputs: 2 }),

  file('Cast', [floats([4], 1.9, -1.9, 0, 3)], { attributes: { to: int(7) } }),
  file('Cast', [floats([4], 1.9, -1.9, 0, 3)], { attributes: { to: int(9) } }),
  file('Cast', [numbers], toFloat),
  file('CastLike', [numbers, table]),
  file('Identity', [numbers]),
  file('Dropout', [table], { outputs: 2 }),
  file('Reshape', [numbers, int64(3, -1)]),
  file('Transpose', [numbers], { attributes: { perm: ints([1, 0]) } }),
  file('Squeeze', [whole([1, 3], 1, 2, 3), int64(0)]),
  file('Unsqueeze', [int64(1, 2), int64(1)]),
  file('Flatten', [numbers]),
  file('Concat', [numbers, whole([1, 3], 7, 8, 9)], { attributes: { axis: int(0) } }),
  file('Split', [numbers, int64(1, 2)], { attributes: { axis: int(1) }, outputs: 2 }),
  file('Slice', [numbers, int64(2, 0), int64(0, 2), int64(1, 0), int64(-1, 1)]),
  file('Expand', [int64(1, 2, 3), int64(2, 3)]),
  file('Tile', [numbers, int64(2, 1)]),
  file('Pad', [numbers, int64(1, 0, 0, 1), scalar(-1, 'int64')]),
  file('Gather', [numbers, int64(-1, 0)], { attributes: { axis: int(1) } }),
  file('GatherElements', [numbers, whole([1, 3], -1, 0, 1)], { attributes: { axis: int(0) } }),
  file('GatherND', [numbers, whole([2, 2], 0, 1, -1, -1)]),
  file('GatherND', [numbers, whole([2, 1], 2, 0)], { attributes: { batch_dims: int(1) } }),
  ...['none', 'add', 'mul', 'max', 'min'].flatMap((reduction) => [scatterElements(reduction), scatterNd(reduction)]),
  file('DequantizeLinear', [int32(3, -5), scalar(0.5)]),
  file('DequantizeLinear', [{ literal: 'uint8', dims: [2], values: [3, 200] }, scalar(0.5), scalar(7, 'uint8')]),
  file('QuantizeLinear', [floats([2], 1, 2), scalar(0.5), scalar(7, 'uint8')], {
    oracle: {
      nodes: [
        node('Div', 'x0 x1', 'scaled'),
        node('Cast', 'x2', 'zero', toFloat.attributes),
        node('Add', 'scaled zero', 'y0'),
      ],
    },
  }),
];
