/**
 * Weights quantised in blocks: MatMulNBits and GatherBlockQuantized. Gradients through them are exact: the weights are
 * constants, so dX = dY · W with W dequantised.
 */
import { ModelError } from '../../errors';
import { int, intOf } from '../attributes';
import { MICROSOFT, type Ops } from '../ops';
import { axisOf, dimAt } from '../shapes';
import type { LowerContext, RuleTable, TensorType, Value, VjpContext } from '../types';

interface BlockQuantised {
  readonly bits: number;
  readonly blockSize: number;
  readonly rows: number;
  /** Columns that count; the last block may be padded beyond them. */
  readonly columns: number;
}

/** The zero point where none is given: numbers packed in bytes are centred, ONNX's own 4-bit types are not. */
const middleOf = ({ dataType }: Value, bits: number): number => (dataType === 'uint8' ? 2 ** (bits - 1) : 0);

/** The same bytes as `dims` numbers of 4 or 8 bits. */
function asRows(ops: Ops, packed: Value, bits: 4 | 8, dims: readonly number[], what: string, node: string): Value {
  if (packed.source.kind !== 'weight') {
    throw new ModelError(`The ${what} of a quantised weight is computed in the graph.`, { node });
  }
  const signed = packed.dataType.startsWith('int') ? 'int' : 'uint';
  return ops.builder.weight({ ...packed.source.view, dataType: `${signed}${bits}`, dims });
}

/** float32 bytes [..., width] as the numbers of `bits` bits they hold, lowest first: [..., width · 8 / bits]. */
function unpackBytes(ops: Ops, bytes: Value, bits: number): Value {
  if (bits === 8) return bytes;
  const lead = bytes.dims.slice(0, -1);
  const width = dimAt(bytes.dims, -1);
  const digits: Value[] = [];
  let rest = bytes;
  for (let i = 1; i < 8 / bits; i++) {
    const high = ops.emit('Floor', [ops.scale(rest, 2 ** -bits)]);
    digits.push(ops.sub(rest, ops.scale(high, 2 ** bits)));
    rest = high;
  }
  const apart = [...digits, rest].map((digit) => ops.reshape(digit, [...lead, width, 1]));
  return ops.reshape(ops.concat(apart, lead.length + 1), [...lead, (width * 8) / bits]);
}

/** A packed table as float32 [rows, columns], each row in whole bytes. */
function plainRows(ops: Ops, packed: Value, bits: number, rows: number, columns: number, node: string): Value {
  const bytes = asRows(ops, packed, 8, [rows, Math.ceil((columns * bits) / 8)], 'data', node);
  return ops.slice(unpackBytes(ops, ops.cast(bytes, 'float32'), bits), 1, 0, columns);
}

/** In what a block is shared: by neighbours along the row, or by the columns that `groups` (int32 [K]) gives its number. */
function overColumns(ops: Ops, perBlock: Value, { columns, blockSize }: BlockQuantised, groups: Value | null): Value {
  const [rows, blocks] = perBlock.dims as [number, number];
  if (groups) return ops.gather(perBlock, ops.slice(groups, 0, 0, columns), 1);
  const spread = ops.expand(ops.reshape(perBlock, [rows, blocks, 1]), [rows, blocks, blockSize]);
  return ops.slice(ops.reshape(spread, [rows, blocks * blockSize]), 1, 0, columns);
}

/** Written out for what DequantizeLinear has no form for: 2 bits, and blocks in another order (`g_idx`). */
function dequantisePlain(
  ops: Ops,
  layout: BlockQuantised,
  packed: Value,
  scales: Value,
  zeroPoints: Value | null,
  groups: Value | null,
  node: string,
): Value {
  const { bits, blockSize, rows, columns } = layout;
  const blocks = Math.ceil(columns / blockSize);
  const numbers = ops.slice(plainRows(ops, packed, bits, rows, blocks * blockSize, node), 1, 0, columns);
  const zero = (): Value => {
    if (!zeroPoints) return ops.scalar(middleOf(packed, bits));
    const perBlock =
      zeroPoints.dataType === 'float32'
        ? ops.reshape(zeroPoints, [rows, blocks])
        : plainRows(ops, zeroPoints, bits, rows, blocks, node);
    return overColumns(ops, perBlock, layout, groups);
  };
  const scale = overColumns(ops, ops.reshape(scales, [rows, blocks]), layout, groups);
  return ops.mul(ops.sub(numbers, zero()), scale);
}

/**
 * W[n, k] = (q[n, k] − zeroPoint[n, block]) · scale[n, block] as float32 [rows, columns]: weights only, so in `float`
 * mode it is computed once, ahead of time.
 */
function dequantiseBlocks(
  ops: Ops,
  { bits, blockSize, rows, columns }: BlockQuantised,
  packed: Value,
  scales: Value,
  zeroPoints: Value | null,
  node: string,
): Value {
  const width = bits === 4 ? 4 : 8;
  const blocks = Math.ceil(columns / blockSize);
  const padded = blocks * blockSize;
  const q = asRows(ops, packed, width, [rows, padded], 'data', node);
  const scale = ops.reshape(scales, [rows, blocks]);
  const attributes = { axis: int(1), block_size: int(blockSize) };
  const wide = (): Value => {
    if (!zeroPoints) {
      if (middleOf(packed, bits) === 0) return ops.emit('DequantizeLinear', [q, scale], attributes);
      const middle = ops.builder.literal(
        q.dataType,
        [rows, blocks],
        new Uint8Array(rows * blocks).fill(middleOf(packed, bits)),
      );
      return ops.emit('DequantizeLinear', [q, scale, middle], attributes);
    }
    if (zeroPoints.dataType === 'float32') {
      const shift = ops.mul(ops.reshape(zeroPoints, [rows, blocks]), scale);
      return shiftBlocks(ops, ops.emit('DequantizeLinear', [q, scale], attributes), shift, blockSize);
    }
    // 4-bit zero points held as bytes fill whole ones per row: with an odd number of blocks the last nibble is padding.
    const perRow = bits === 4 && zeroPoints.dataType.endsWith('8') ? blocks + (blocks % 2) : blocks;
    const zero = asRows(ops, zeroPoints, width, [rows, perRow], 'zero points', node);
    if (perRow === blocks) return ops.emit('DequantizeLinear', [q, scale, zero], attributes);
    const plain = ops.slice(ops.emit('DequantizeLinear', [zero, ops.scalar(1)]), 1, 0, blocks);
    return shiftBlocks(ops, ops.emit('DequantizeLinear', [q, scale], attributes), ops.mul(plain, scale), blockSize);
  };
  return ops.slice(wide(), 1, 0, columns);
}

/** w[n, k] − shift[n, block of k] */
function shiftBlocks(ops: Ops, w: Value, shift: Value, blockSize: number): Value {
  const [rows, blocks] = shift.dims as [number, number];
  const blocked = ops.sub(ops.reshape(w, [rows, blocks, blockSize]), ops.reshape(shift, [rows, blocks, 1]));
  return ops.reshape(blocked, w.dims);
}

function nBitsOf({ node, input }: Pick<VjpContext, 'node' | 'input'>): BlockQuantised {
  const [, packed] = input;
  return {
    bits: intOf(node.attributes, 'bits', 4),
    blockSize: intOf(node.attributes, 'block_size', 32),
    rows: intOf(node.attributes, 'N', dimAt((packed as Value).dims, 0)),
    columns: intOf(node.attributes, 'K', 0),
  };
}

function lowerMatMulNBits({ ops, node, inputs }: LowerContext): Value[] {
  const [x, packed, scales, zeroPoints, groups, bias] = inputs as [Value, Value, Value, Value?, Value?, Value?];
  const name = node.name || (node.outputs[0] as string);
  const layout = nBitsOf({ node: { ...node, inputs: [], outputs: [], origin: name }, input: inputs });
  if (![2, 4, 8].includes(layout.bits)) {
    throw new ModelError(`MatMulNBits with ${layout.bits} bits is not supported (2, 4 and 8 are).`, { node: name });
  }
  const product = (): Value => {
    if (layout.bits === 2 || groups) {
      return ops.linear(x, dequantisePlain(ops, layout, packed, scales, zeroPoints ?? null, groups ?? null, name));
    }
    if (ops.target.weights === 'float') {
      return ops.linear(x, dequantiseBlocks(ops, layout, packed, scales, zeroPoints ?? null, name));
    }
    return ops.emit(
      'MatMulNBits',
      [x, packed, scales, zeroPoints ?? null],
      { K: int(layout.columns), N: int(layout.rows), bits: int(layout.bits), block_size: int(layout.blockSize) },
      { domain: MICROSOFT },
    );
  };
  return [bias ? ops.add(product(), bias) : product()];
}

function lowerGatherBlockQuantized({ ops, node, inputs }: LowerContext): Value[] {
  const [data, ids, scales, zeroPoints] = inputs as [Value, Value, Value, Value?];
  const name = node.name || (node.outputs[0] as string);
  const axes = [intOf(node.attributes, 'gather_axis', 0), intOf(node.attributes, 'quantize_axis', 1)];
  if (axes[0] !== 0 || axisOf(axes[1] as number, data.dims.length) !== 1 || data.dims.length !== 2) {
    throw new ModelError('GatherBlockQuantized along these axes is not supported.', { node: name });
  }
  const bits = data.dataType.endsWith('4') ? 4 : intOf(node.attributes, 'bits', 4);
  const rows = dimAt(data.dims, 0);
  const columns = dimAt(data.dims, 1) * (data.dataType.endsWith('8') ? 8 / bits : 1);
  const blockSize = intOf(node.attributes, 'block_size', 128);
  const layout = { bits, blockSize, rows, columns };
  const zero = zeroPoints ?? null;
  // Its kernel wants zero points in the shape of the scales, which those packed in bytes never have.
  const native = ops.target.weights === 'quantized' && ops.target.gatherBlockQuantized;
  if (native && bits !== 2 && !zero && data.dataType === 'uint8') {
    const attributes = { bits: int(bits), block_size: int(blockSize), gather_axis: int(0), quantize_axis: int(1) };
    return [ops.emit('GatherBlockQuantized', [data, ids, scales], attributes, { domain: MICROSOFT })];
  }
  const inBytes =
    (columns * bits) % 8 === 0 && (zero?.dataType ?? 'uint8') === 'uint8' && !data.dataType.startsWith('int');
  if (ops.target.weights === 'float' || !inBytes) {
    const table =
      bits === 2
        ? dequantisePlain(ops, layout, data, scales, zero, null, name)
        : dequantiseBlocks(ops, layout, data, scales, zero, name);
    return [ops.gather(table, ids)];
  }
  return [gatherPackedRows(ops, layout, data, ids, scales, zero, name)];
}

/** Gathers the packed rows first and dequantises only these. */
function gatherPackedRows(
  ops: Ops,
  { bits, blockSize, rows, columns }: BlockQuantised,
  data: Value,
  ids: Value,
  scales: Value,
  zeroPoints: Value | null,
  node: string,
): Value {
  const blocks = Math.ceil(columns / blockSize);
  const numbers = (packed: Value, count: number): Value => {
    const bytes = asRows(ops, packed, 8, [rows, Math.ceil((count * bits) / 8)], 'data', node);
    const unpacked = unpackBytes(ops, ops.cast(ops.gather(bytes, ids), 'float32'), bits);
    return ops.slice(unpacked, unpacked.dims.length - 1, 0, count);
  };
  const padding = blocks * blockSize - columns;
  const lead = ids.dims;
  const flat = numbers(data, columns);
  const whole = ops.concat([flat, ops.expand(ops.scalar(0), [...lead, padding])], lead.length);
  const blocked = ops.reshape(whole, [...lead, blocks, blockSize]);
  const zero = zeroPoints
    ? ops.reshape(numbers(zeroPoints, blocks), [...lead, blocks, 1])
    : ops.scalar(middleOf(data, bits));
  const scale = ops.reshape(ops.gather(ops.reshape(scales, [rows, blocks]), ids), [...lead, blocks, 1]);
  const values = ops.reshape(ops.mul(ops.sub(blocked, zero), scale), [...lead, blocks * blockSize]);
  return ops.slice(values, lead.length, 0, columns);
}

const inferRows =
  (dataType: TensorType['dataType'], width: (inputs: readonly (Value | null)[]) => number) =>
  ({ inputs }: { inputs: readonly (Value | null)[] }): TensorType[] => [
    { dataType, dims: [...(inputs[1] as Value).dims, width(inputs)] },
  ];

export const quantised: RuleTable = {
  /** Y = X · Wᵀ, W [N, K] in blocks of K:  dX = dY · W */
  [`${MICROSOFT}.MatMulNBits`]: {
    infer: ({ inputs, attributes }) => {
      const x = inputs[0] as Value;
      return [{ dataType: 'float32', dims: [...x.dims.slice(0, -1), intOf(attributes, 'N', 0)] }];
    },
    lower: lowerMatMulNBits,
    vjp: (context) => {
      const { ops, node, input, grad } = context;
      const [, packed, scales, zeroPoints] = input as [Value, Value, Value, Value | null];
      const dy = grad[0];
      if (!dy) return input.map(() => null);
      const w = dequantiseBlocks(ops, nBitsOf(context), packed, scales, zeroPoints, node.origin);
      return [ops.linear(dy, w, false), null, null, null];
    },
  },
  [`${MICROSOFT}.GatherBlockQuantized`]: {
    infer: (context) =>
      inferRows('float32', ([data]) => {
        const type = data as Value;
        const bits = intOf(context.attributes, 'bits', 4);
        return dimAt(type.dims, 1) * (type.dataType.endsWith('8') ? 8 / bits : 1);
      })(context),
    lower: lowerGatherBlockQuantized,
  },
};
