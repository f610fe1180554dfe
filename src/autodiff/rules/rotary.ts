/**
 * Rotary position embeddings (Su et al. 2021): pairs of a head's numbers turn by an angle that grows with the position.
 * Halves of the head are the pairs, or neighbours (`interleaved`); the rest of a head beyond the table's width passes through.
 */
import { float, floatOf, int, intOf } from '../attributes';
import { MICROSOFT, type Ops } from '../ops';
import { dimAt, sizeOf } from '../shapes';
import type { LowerContext, RuleTable, Value } from '../types';

/** Rotates pairs of the last axis of [batch, heads, time, headDim] by the angles of the positions [batch, time]. */
export function rotate(ops: Ops, x: Value, positions: Value, cos: Value, sin: Value, interleaved: number): Value {
  const rotated = 2 * dimAt(cos.dims, 1);
  const partial = rotated < dimAt(x.dims, -1);
  return ops.emit(
    'RotaryEmbedding',
    [x, positions, cos, sin],
    {
      interleaved: int(interleaved),
      num_heads: int(partial ? dimAt(x.dims, 1) : 0),
      rotary_embedding_dim: int(partial ? rotated : 0),
    },
    { domain: MICROSOFT },
  );
}

/** The same with cos and sin of each row and time given, [batch, time, rotated / 2]. */
function rotateBy(ops: Ops, x: Value, cos: Value, sin: Value, interleaved: boolean): Value {
  const [batch, heads, time, headDim] = x.dims as [number, number, number, number];
  const half = dimAt(cos.dims, -1);
  const turned = ops.slice(x, 3, 0, 2 * half);
  const [c, s] = [cos, sin].map((table) => ops.reshape(table, [-1, 1, time, half])) as [Value, Value];
  const pairs = interleaved ? [half, 2] : [2, half];
  const axis = interleaved ? 4 : 3;
  const split = ops.split(ops.reshape(turned, [batch, heads, time, ...pairs]), axis, [1, 1]);
  const [a, b] = split.map((part) => ops.reshape(part, [batch, heads, time, half])) as [Value, Value];
  const real = ops.sub(ops.mul(a, c), ops.mul(b, s));
  const imaginary = ops.add(ops.mul(a, s), ops.mul(b, c));
  const wide = [batch, heads, time, half];
  wide.splice(axis, 0, 1);
  const joined = ops.concat(
    [real, imaginary].map((part) => ops.reshape(part, wide)),
    axis,
  );
  const back = ops.reshape(joined, [batch, heads, time, 2 * half]);
  return ops.concat([back, ops.slice(x, 3, 2 * half, headDim)], 3);
}

/** As ONNX Runtime reads them: [batch, time, heads · headDim] or [batch, heads, time, headDim]. */
function inHeads(ops: Ops, x: Value, heads: number, rotate4: (x: Value) => Value): Value {
  if (x.dims.length === 4) return rotate4(x);
  return ops.mergeHeads(rotate4(ops.splitHeads(x, heads)));
}

/** One position may stand for all: the first, from which time counts on. */
function everyPosition(ops: Ops, positions: Value, batch: number, time: number): Value {
  if (positions.dims.length === 2) return positions;
  const counted = ops.add(positions, ops.int64(Array.from({ length: time }, (_, i) => i)));
  return ops.expand(ops.reshape(counted, [1, time]), [batch, time]);
}

function lowerMicrosoft({ ops, node, inputs }: LowerContext): Value[] {
  const [x, positions, cos, sin] = inputs as [Value, Value, Value, Value];
  const { interleaved, num_heads: heads, rotary_embedding_dim: rotated } = node.attributes;
  const time = dimAt(x.dims, -2);
  const attributes = {
    interleaved: interleaved ?? int(0),
    num_heads: heads ?? int(0),
    rotary_embedding_dim: rotated ?? int(0),
    scale: float(floatOf(node.attributes, 'scale', 1)),
  };
  const all = everyPosition(ops, positions, dimAt(x.dims, 0), time);
  return [ops.emit('RotaryEmbedding', [x, all, cos, sin], attributes, { domain: MICROSOFT })];
}

/** The order of ai.onnx: X, cos, sin, positions. Without positions the tables hold a row for each batch and time. */
function lowerStandard({ ops, node, inputs }: LowerContext): Value[] {
  const [x, cos, sin, positions] = inputs as [Value, Value, Value, Value | null | undefined];
  const interleaved = intOf(node.attributes, 'interleaved', 0);
  const half = dimAt(cos.dims, -1);
  const rotate4 = (heads: Value): Value =>
    positions && sizeOf(cos.dims.slice(1)) === half
      ? rotate(ops, heads, positions, cos, sin, interleaved)
      : rotateBy(ops, heads, cos, sin, interleaved !== 0);
  return [inHeads(ops, x, intOf(node.attributes, 'num_heads', 0), rotate4)];
}

export const rotary: RuleTable = {
  /** A rotation by the angle of the position; its transpose is the rotation back:  dx = rotate(dy, −sin) */
  [`${MICROSOFT}.RotaryEmbedding`]: {
    infer: ({ inputs }) => [inputs[0] as Value],
    lower: lowerMicrosoft,
    vjp: ({ ops, node, input: [, positions, cos, sin], grad: [dy] }) => {
      if (!dy) return [null, null, null, null];
      const back = [dy, positions as Value, cos as Value, ops.neg(sin as Value)];
      return [ops.emit('RotaryEmbedding', back, node.attributes, { domain: MICROSOFT }), null, null, null];
    },
  },
  RotaryEmbedding: { lower: lowerStandard },
};
