/**
 * MatMulBnb4: weights of 4 bits that name entries of a table (NF4, Dettmers et al. 2023, or FP4), with one largest value
 * per block of the flattened matrix. Two per byte, the high half first.
 */
import { ModelError } from '../../errors';
import { intOf } from '../attributes';
import { MICROSOFT, type Ops } from '../ops';
import { sizeOf } from '../shapes';
import type { LowerContext, RuleTable, Value } from '../types';

const FP4_POSITIVE = [0, 5.208333333e-3, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25];
const NF4 = [
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
  -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
];
/** By the attribute `quant_type`. */
const TABLES = [[...FP4_POSITIVE, ...FP4_POSITIVE.map((x) => -x)], NF4];

/** The numbers 0 to 15 in the order of the matrix, int32 [count]; ONNX's own order has the low half of a byte first. */
function indices(ops: Ops, packed: Value, count: number, node: string): Value {
  if (packed.source.kind !== 'weight') {
    throw new ModelError('The data of a quantised weight is computed in the graph.', { node });
  }
  const pairs = Math.ceil(count / 2);
  const lowFirst = ops.builder.weight({ ...packed.source.view, dataType: 'uint4', dims: [pairs, 2] });
  const halves = ops.split(ops.emit('DequantizeLinear', [lowFirst, ops.scalar(1)]), 1, [1, 1]);
  const highFirst = ops.reshape(ops.concat([halves[1] as Value, halves[0] as Value], 1), [2 * pairs]);
  return ops.cast(ops.slice(highFirst, 0, 0, count), 'int32');
}

function lowerMatMulBnb4({ ops, node, inputs }: LowerContext): Value[] {
  const [x, packed, absmax] = inputs as [Value, Value, Value];
  const [columns, rows] = [intOf(node.attributes, 'K', 0), intOf(node.attributes, 'N', 0)];
  const table = TABLES[intOf(node.attributes, 'quant_type', 1)];
  if (!table) throw new RangeError(`quantisation of type ${intOf(node.attributes, 'quant_type', 1)}`);
  const blockSize = intOf(node.attributes, 'block_size', 64);
  const count = rows * columns;
  const blocks = sizeOf(absmax.dims);
  const values = ops.gather(
    ops.builder.literal('float32', [16], table),
    indices(ops, packed, count, node.name || (node.outputs[0] as string)),
  );
  const largest = ops.expand(ops.reshape(absmax, [blocks, 1]), [blocks, blockSize]);
  const scale = ops.slice(ops.reshape(largest, [blocks * blockSize]), 0, 0, count);
  return [ops.linear(x, ops.reshape(ops.mul(values, scale), [rows, columns]))];
}

export const bnb4: RuleTable = { [`${MICROSOFT}.MatMulBnb4`]: { lower: lowerMatMulBnb4 } };
