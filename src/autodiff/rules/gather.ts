/** Picking and placing by index. What is picked has a gradient: dy goes back to the places it came from, and adds up. */
import { int, intOf, text, textOf } from '../attributes';
import type { Ops } from '../ops';
import { axisOf, dimAt, forEachIndex, sizeOf, stridesOf } from '../shapes';
import type { InferContext, LowerContext, RuleTable, TensorType, Value, VjpContext } from '../types';
import { first, flatIndex, known, literalOf, pick, zeros } from './known';

const axisIn = ({ inputs, attributes }: InferContext): number =>
  axisOf(intOf(attributes, 'axis', 0), first(inputs).dims.length);

/** ONNX counts negative indices from the end. */
const fromEnd = (i: number, dim: number): number => (i < 0 ? i + dim : i);

function inferGather(context: InferContext): TensorType[] {
  const [x, indices] = context.inputs as [Value, Value];
  const axis = axisIn(context);
  return [{ dataType: x.dataType, dims: [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)] }];
}

function evaluateGather(context: InferContext, [out]: readonly TensorType[]) {
  const [data, indices] = context.inputs as [Value, Value];
  const axis = axisIn(context);
  const rank = indices.dims.length;
  const strides = stridesOf(data.dims);
  const places = stridesOf(indices.dims);
  return pick(
    (index) => {
      const at = literalOf(indices)[flatIndex(places, index.slice(axis, axis + rank))] as number;
      const full = [...index.slice(0, axis), fromEnd(at, dimAt(data.dims, axis)), ...index.slice(axis + rank)];
      return flatIndex(strides, full);
    },
    out as TensorType,
    data,
  );
}

/** Gather's indices in the form ScatterND takes them, int64 [count, 1]. */
function scatterPlaces(ops: Ops, indices: Value, count: number, limit: number): Value {
  const movable = ops.target.int64 || indices.literal || indices.dataType !== 'int64';
  return ops.cast(ops.reshape(movable ? indices : ops.fromInt64(indices, limit), [count, 1]), 'int64');
}

/** Along another axis than the first: that axis is brought to the front, and back afterwards. */
function gatherGradient({ ops, node, input, grad: [dy], needs }: VjpContext): (Value | null)[] {
  if (!dy || !needs(0)) return [null, null];
  const [data, indices] = input as [Value, Value];
  const axis = axisIn({ inputs: input, attributes: node.attributes, outputCount: 1 });
  const count = sizeOf(indices.dims);
  const before = data.dims.slice(0, axis);
  const rest = data.dims.slice(axis + 1);
  const rows = ops.reshape(dy, [sizeOf(before), count, sizeOf(rest)]);
  const updates = ops.transpose(rows, [1, 0, 2]);
  const places = scatterPlaces(ops, indices, count, dimAt(data.dims, axis));
  const empty = zeros(ops, [dimAt(data.dims, axis), sizeOf(before), sizeOf(rest)]);
  const sums = ops.emit('ScatterND', [empty, places, updates], { reduction: text('add') });
  return [ops.reshape(ops.transpose(sums, [1, 0, 2]), data.dims), null];
}

/** In GatherND and ScatterND a row of indices names a place in the leading axes of the data; the rest is copied whole. */
const inferGatherNd = ({ inputs, attributes }: InferContext): TensorType[] => {
  const [x, indices] = inputs as [Value, Value];
  const batch = intOf(attributes, 'batch_dims', 0);
  const depth = dimAt(indices.dims, -1);
  return [{ dataType: x.dataType, dims: [...indices.dims.slice(0, -1), ...x.dims.slice(batch + depth)] }];
};

function evaluateGatherNd({ inputs, attributes }: InferContext, [out]: readonly TensorType[]) {
  const [data, places] = inputs as [Value, Value];
  const batch = intOf(attributes, 'batch_dims', 0);
  const depth = dimAt(places.dims, -1);
  const lead = places.dims.length - 1;
  const rows = stridesOf(places.dims.slice(0, -1));
  const strides = stridesOf(data.dims);
  return pick(
    (index) => {
      const row = flatIndex(rows, index.slice(0, lead)) * depth;
      const at = Array.from({ length: depth }, (_, k) =>
        fromEnd(literalOf(places)[row + k] as number, dimAt(data.dims, batch + k)),
      );
      return flatIndex(strides, [...index.slice(0, batch), ...at, ...index.slice(lead)]);
    },
    out as TensorType,
    data,
  );
}

const REDUCTIONS: Readonly<Record<string, (before: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (before, update) => before + update,
  mul: (before, update) => before * update,
  max: Math.max,
  min: Math.min,
};

/** The first input with updates placed in it; `placeOf` says where an element of the updates goes. */
function scatter({ inputs, attributes }: InferContext, placeOf: (flat: number, index: readonly number[]) => number) {
  const [data, , updates] = inputs as [Value, Value, Value];
  const join = REDUCTIONS[textOf(attributes, 'reduction', 'none')];
  if (!join) return null;
  const elements = Array.from(literalOf(data));
  forEachIndex(updates.dims, (flat, index) => {
    const at = placeOf(flat, index);
    elements[at] = join(elements[at] as number, literalOf(updates)[flat] as number);
  });
  return [elements];
}

/** index along the axis replaced by the one that stands there in `indices`. */
function elementPlace(context: InferContext) {
  const [data, indices] = context.inputs as [Value, Value];
  const axis = axisIn(context);
  const strides = stridesOf(data.dims);
  const places = stridesOf(indices.dims);
  return (index: readonly number[]): number => {
    const at = fromEnd(literalOf(indices)[flatIndex(places, index)] as number, dimAt(data.dims, axis));
    return flatIndex(strides, [...index.slice(0, axis), at, ...index.slice(axis + 1)]);
  };
}

/** on where the index says so, off elsewhere: [..., depth] with the new axis where `axis` says. */
function lowerOneHot(context: LowerContext): Value[] {
  const { ops, node, inputs } = context;
  const [indices, , values] = inputs as [Value, Value, Value];
  const depth = known(context, 1, 'depth')[0] as number;
  const rank = indices.dims.length + 1;
  const axis = axisOf(intOf(node.attributes, 'axis', -1), rank);
  const wide = [...indices.dims.slice(0, axis), 1, ...indices.dims.slice(axis)];
  const range = Array.from({ length: depth }, (_, i) => i);
  const places = ops.builder.literal(
    indices.dataType,
    wide.map((_, i) => (i === axis ? depth : 1)),
    range,
  );
  const zero = ops.scalar(0, indices.dataType);
  const negative = ops.emit('Less', [indices, zero]);
  const counted = ops.where(negative, ops.add(indices, ops.scalar(depth, indices.dataType)), indices);
  const [off, on] = ops.split(values, 0, [1, 1]) as [Value, Value];
  return [ops.where(ops.equal(ops.reshape(counted, wide), places), on, off)];
}

export const gather: RuleTable = {
  /** y = rows of x:  dx = dy scattered (and added) to the rows it came from */
  Gather: { infer: inferGather, evaluate: evaluateGather, vjp: gatherGradient },

  /** y[i, j] = x[index[i, j], j]:  dx = dy scattered and added */
  GatherElements: {
    infer: ({ inputs: [x, indices] }) => [{ dataType: (x as Value).dataType, dims: (indices as Value).dims }],
    evaluate: (context, [out]) => pick(elementPlace(context), out as TensorType, first(context.inputs)),
    vjp: ({ ops, node, input: [x, indices], grad: [dy], needs }) => {
      if (!dy || !needs(0)) return [null, null];
      const attributes = { axis: int(intOf(node.attributes, 'axis', 0)), reduction: text('add') };
      const empty = zeros(ops, (x as Value).dims);
      return [ops.emit('ScatterElements', [empty, indices as Value, dy], attributes), null];
    },
  },

  /** y = x at rows of indices:  dx = dy scattered and added */
  GatherND: {
    infer: inferGatherNd,
    evaluate: evaluateGatherNd,
    vjp: ({ ops, node, input: [x, indices], grad: [dy], needs }) => {
      if (!dy || !needs(0) || intOf(node.attributes, 'batch_dims', 0) !== 0) return [null, null];
      const empty = zeros(ops, (x as Value).dims);
      return [ops.emit('ScatterND', [empty, indices as Value, dy], { reduction: text('add') }), null];
    },
  },

  /** Of what is known, and in gradients: none of its own. */
  ScatterND: {
    infer: ({ inputs }) => [first(inputs)],
    evaluate: (context) => {
      const [data, places] = context.inputs as [Value, Value];
      const depth = dimAt(places.dims, -1);
      const lead = places.dims.length - 1;
      const rows = stridesOf(places.dims.slice(0, -1));
      const strides = stridesOf(data.dims);
      return scatter(context, (_, index) => {
        const row = flatIndex(rows, index.slice(0, lead)) * depth;
        const at = Array.from({ length: depth }, (_unused, k) =>
          fromEnd(literalOf(places)[row + k] as number, dimAt(data.dims, k)),
        );
        return flatIndex(strides, [...at, ...index.slice(lead)]);
      });
    },
  },
  ScatterElements: {
    infer: ({ inputs }) => [first(inputs)],
    evaluate: (context) => {
      const place = elementPlace(context);
      return scatter(context, (_, index) => place(index));
    },
  },
  OneHot: { lower: lowerOneHot },
};
