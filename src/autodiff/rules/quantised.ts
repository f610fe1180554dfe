/**
 * Quantised weights: MatMulNBits, GatherBlockQuantized, DequantizeLinear, and the dynamic int8 chain. Gradients through
 * them are exact: the weights are constants, so dX = dY · W with W dequantised. Rounding of activations (int8 chain) is
 * taken straight through, as if it were the identity.
 */
import { ModelError } from '../../errors';
import { int, intOf } from '../attributes';
import { MICROSOFT, type Ops } from '../ops';
import { axisOf, dimAt, sizeOf } from '../shapes';
import type { LowerContext, RuleTable, TensorType, Value, VjpContext } from '../types';

interface BlockQuantised {
  readonly bits: number;
  readonly blockSize: number;
  readonly rows: number;
  /** Columns that count; the last block may be padded beyond them. */
  readonly columns: number;
}

/** The same bytes as `count` rows of 4- or 8-bit numbers. */
function asRows(ops: Ops, packed: Value, bits: number, dims: readonly number[], what: string, node: string): Value {
  if (packed.source.kind !== 'weight') {
    throw new ModelError(`The ${what} of a quantised weight is computed in the graph.`, { node });
  }
  const signed = packed.dataType.startsWith('int') ? 'int' : 'uint';
  return ops.builder.weight({ ...packed.source.view, dataType: bits === 4 ? `${signed}4` : `${signed}8`, dims });
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
  const blocks = Math.ceil(columns / blockSize);
  const padded = blocks * blockSize;
  const q = asRows(ops, packed, bits, [rows, padded], 'data', node);
  const scale = ops.reshape(scales, [rows, blocks]);
  const attributes = { axis: int(1), block_size: int(blockSize) };
  const wide = (): Value => {
    if (q.dataType.startsWith('int')) return ops.emit('DequantizeLinear', [q, scale], attributes);
    if (!zeroPoints) {
      const middle = ops.builder.literal(
        q.dataType,
        [rows, blocks],
        new Uint8Array(rows * blocks).fill(2 ** (bits - 1)),
      );
      return ops.emit('DequantizeLinear', [q, scale, middle], attributes);
    }
    if (zeroPoints.dataType === 'float32') {
      const shift = ops.mul(ops.reshape(zeroPoints, [rows, blocks]), scale);
      return shiftBlocks(ops, ops.emit('DequantizeLinear', [q, scale], attributes), shift, blockSize);
    }
    // 4-bit zero points fill whole bytes per row: with an odd number of blocks the last nibble is padding.
    const perRow = bits === 4 ? blocks + (blocks % 2) : blocks;
    const zero = asRows(ops, zeroPoints, bits, [rows, perRow], 'zero points', node);
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
  if (groups) throw new ModelError('MatMulNBits with reordered groups (g_idx) is not supported.', { node: name });
  const layout = nBitsOf({ node: { ...node, inputs: [], outputs: [], origin: name }, input: inputs });
  if (layout.bits !== 4 && layout.bits !== 8) {
    throw new ModelError(`MatMulNBits with ${layout.bits} bits is not supported (4 and 8 are).`, { node: name });
  }
  const product =
    ops.target.weights === 'float'
      ? ops.linear(x, dequantiseBlocks(ops, layout, packed, scales, zeroPoints ?? null, name))
      : ops.emit(
          'MatMulNBits',
          [x, packed, scales, zeroPoints ?? null],
          { K: int(layout.columns), N: int(layout.rows), bits: int(layout.bits), block_size: int(layout.blockSize) },
          { domain: MICROSOFT },
        );
  return [bias ? ops.add(product, bias) : product];
}

function lowerGatherBlockQuantized({ ops, node, inputs }: LowerContext): Value[] {
  const [data, ids, scales, zeroPoints] = inputs as [Value, Value, Value, Value?];
  const name = node.name || (node.outputs[0] as string);
  const axes = [intOf(node.attributes, 'gather_axis', 0), intOf(node.attributes, 'quantize_axis', 1)];
  if (axes[0] !== 0 || axisOf(axes[1] as number, data.dims.length) !== 1 || data.dims.length !== 2) {
    throw new ModelError('GatherBlockQuantized along these axes is not supported.', { node: name });
  }
  const bits = data.dataType.endsWith('4') ? 4 : intOf(node.attributes, 'bits', 4);
  const perElement = data.dataType.endsWith('8') ? 8 / bits : 1;
  const rows = dimAt(data.dims, 0);
  const columns = dimAt(data.dims, 1) * perElement;
  const blockSize = intOf(node.attributes, 'block_size', 128);
  if (ops.target.weights === 'quantized' && ops.target.gatherBlockQuantized) {
    const attributes = { bits: int(bits), block_size: int(blockSize), gather_axis: int(0), quantize_axis: int(1) };
    return [
      ops.emit('GatherBlockQuantized', [data, ids, scales, zeroPoints ?? null], attributes, { domain: MICROSOFT }),
    ];
  }
  if (ops.target.weights === 'float' || data.dataType !== 'uint8' || zeroPoints) {
    return [
      ops.gather(
        dequantiseBlocks(ops, { bits, blockSize, rows, columns }, data, scales, zeroPoints ?? null, name),
        ids,
      ),
    ];
  }
  return [gatherPackedRows(ops, data, ids, scales, bits, blockSize)];
}

/** Gathers the packed rows first and dequantises only these: low nibble = byte − 16 · ⌊byte / 16⌋. */
function gatherPackedRows(ops: Ops, data: Value, ids: Value, scales: Value, bits: number, blockSize: number): Value {
  const bytes = ops.cast(ops.gather(data, ids), 'float32');
  const width = dimAt(bytes.dims, -1);
  const lead = bytes.dims.slice(0, -1);
  const unpack = (): Value => {
    if (bits === 8) return bytes;
    const high = ops.emit('Floor', [ops.scale(bytes, 1 / 16)]);
    const low = ops.sub(bytes, ops.scale(high, 16));
    return ops.concat(
      [low, high].map((half) => ops.reshape(half, [...lead, width, 1])),
      lead.length + 1,
    );
  };
  const columns = bits === 8 ? width : width * 2;
  const blocks = columns / blockSize;
  const blocked = ops.reshape(unpack(), [...lead, blocks, blockSize]);
  const scale = ops.gather(ops.reshape(scales, [dimAt(data.dims, 0), blocks]), ids);
  const centred = ops.sub(blocked, ops.scalar(2 ** (bits - 1)));
  return ops.reshape(ops.mul(centred, ops.reshape(scale, [...lead, blocks, 1])), [...lead, columns]);
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
  /** y = (q − zeroPoint) · scale of integers: no gradient. */
  DequantizeLinear: { infer: ({ inputs }) => [{ dataType: 'float32', dims: (inputs[0] as Value).dims }] },
  Floor: { infer: ({ inputs }) => [inputs[0] as Value] },
  /** Straight through: the activations stay as they are, with scale 1 and zero point 0. */
  DynamicQuantizeLinear: { lower: ({ ops, inputs }) => [inputs[0] as Value, ops.scalar(1), ops.scalar(0)] },
  /** (A − zeroA) · (B − zeroB), with A the unquantised activations of the rule above. */
  MatMulInteger: {
    lower: ({ ops, node, inputs }) => {
      const [a, b, , zeroB] = inputs as [Value, Value, Value?, Value?];
      if (a.dataType !== 'float32') {
        throw new ModelError('MatMulInteger on activations that were not quantised in the graph.', { node: node.name });
      }
      const perColumn = zeroB && sizeOf(zeroB.dims) > 1;
      const columns = dimAt(b.dims, -1);
      const scale = perColumn ? ops.builder.literal('float32', [columns], new Array(columns).fill(1)) : ops.scalar(1);
      const zero = zeroB && (perColumn ? zeroB : ops.reshape(zeroB, []));
      const w = ops.emit('DequantizeLinear', zero ? [b, scale, zero] : [b, scale], perColumn ? { axis: int(1) } : {});
      return [b.dims.length === 2 ? ops.linear(a, w, false) : ops.matmul(a, w)];
    },
  },
};
