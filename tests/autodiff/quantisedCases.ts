/** Quantised weights and activations in files' forms: lines of the table in loweredCases.ts. */
import { float, int, ints } from '../../src/autodiff/attributes';
import { node } from '../support/graphs';
import {
  bytes,
  file,
  MS,
  nBits,
  type Operand,
  type Oracle,
  positive,
  type RuleCase,
  runtime,
  scalar,
  weights,
  x,
} from './ruleLines';

const nodes = (...list: ReturnType<typeof node>[]): Oracle => ({ nodes: list });
const one = node('Constant', '', 'one', { value_float: float(1) });
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

export const quantisedCases: readonly RuleCase[] = [
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
  file('QuantizeLinear', [positive(2, 3), weights(0.01, 0.05, 3), scalar(7, 'uint8')], {
    oracle: nodes(
      node('Cast', 'x2', 'zero', { to: int(1) }),
      node('Div', 'x0 x1', 'scaled'),
      node('Add', 'scaled zero', 'y0'),
    ),
  }),
  file('QuantizeLinear', [positive(4), scalar(0.05)], { oracle: nodes(node('Div', 'x0 x1', 'y0')) }),
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
