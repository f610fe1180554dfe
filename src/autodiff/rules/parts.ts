/** Joining, cutting, repeating and picking parts of tensors. */
import { ModelError } from '../../errors';
import { intOf, intsOf, text } from '../attributes';
import type { Ops } from '../ops';
import {
  axisOf,
  broadcastDims,
  broadcastReader,
  dimAt,
  forEachIndex,
  sameDims,
  sizeOf,
  stridesOf,
  withDim,
} from '../shapes';
import type { InferContext, LowerContext, RuleTable, TensorType, Value } from '../types';
import { first, flatIndex, known, literalOf, pick, zeros } from './known';

function splitSizes(context: LowerContext): number[] {
  const { node, inputs } = context;
  const attribute = intsOf(node.attributes, 'split');
  if (attribute) return [...attribute];
  if (inputs[1]) return known(context, 1, 'sizes');
  const total = dimAt(first(inputs).dims, intOf(node.attributes, 'axis', 0));
  const chunk = Math.ceil(total / node.outputs.length);
  return node.outputs.map((_, i) => Math.max(0, Math.min(chunk, total - i * chunk)));
}

/** Start and end of a slice with step 1, clamped as the specification says. */
const clampSlice = (start: number, end: number, dim: number): [number, number] => {
  const clamp = (i: number) => Math.max(0, Math.min(dim, i < 0 ? i + dim : i));
  const from = clamp(start);
  return [from, Math.max(from, clamp(end))];
};

function lowerSlice(context: LowerContext): Value[] {
  const { ops, node, inputs } = context;
  const old = intsOf(node.attributes, 'starts');
  const starts = old ? [...old] : known(context, 1, 'starts');
  const ends = old ? [...(intsOf(node.attributes, 'ends') ?? [])] : known(context, 2, 'ends');
  const axes = old ? intsOf(node.attributes, 'axes') : inputs[3] && known(context, 3, 'axes');
  const steps = inputs[4] ? known(context, 4, 'steps') : starts.map(() => 1);
  let x = first(inputs);
  starts.forEach((start, i) => {
    const axis = axisOf(axes?.[i] ?? i, x.dims.length);
    if (steps[i] !== 1) {
      throw new ModelError('Slice with a step other than 1 is not supported.', { node: node.name || node.outputs[0] });
    }
    const [from, to] = clampSlice(start, ends[i] as number, dimAt(x.dims, axis));
    x = ops.slice(x, axis, from, to);
  });
  return [x];
}

function inferGather({ inputs, attributes }: InferContext): TensorType[] {
  const [x, indices] = inputs as [Value, Value];
  const axis = axisOf(intOf(attributes, 'axis', 0), x.dims.length);
  return [{ dataType: x.dataType, dims: [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)] }];
}

export const parts: RuleTable = {
  /** y = [x₁, x₂, …] along an axis:  dxᵢ = its part of dy */
  Concat: {
    infer: ({ inputs, attributes }) => {
      const values = inputs as readonly Value[];
      const axis = intOf(attributes, 'axis', 0);
      const { dims, dataType } = first(values);
      const rest = withDim(dims, axis, 0);
      if (values.some((value) => !sameDims(withDim(value.dims, axis, 0), rest))) {
        throw new RangeError(
          `concat of ${values.map((value) => `[${value.dims.join(', ')}]`).join(' and ')} along axis ${axis}`,
        );
      }
      return [
        {
          dataType,
          dims: withDim(
            dims,
            axis,
            values.reduce((sum, value) => sum + dimAt(value.dims, axis), 0),
          ),
        },
      ];
    },
    evaluate: ({ inputs, attributes }, [out]) => {
      const axis = intOf(attributes, 'axis', 0);
      const { dims } = out as TensorType;
      const elements: number[] = new Array(sizeOf(dims));
      const strides = stridesOf(dims);
      let offset = 0;
      for (const value of inputs as readonly Value[]) {
        const source = literalOf(value);
        forEachIndex(value.dims, (flat, index) => {
          elements[flatIndex(strides, index) + offset * (strides[axis] as number)] = source[flat] as number;
        });
        offset += dimAt(value.dims, axis);
      }
      return [elements];
    },
    lower: ({ ops, node, inputs }) => [ops.concat(inputs as readonly Value[], intOf(node.attributes, 'axis', 0))],
    vjp: ({ ops, node, input, grad: [dy] }) => {
      if (!dy) return input.map(() => null);
      const axis = intOf(node.attributes, 'axis', 0);
      return ops.split(
        dy,
        axis,
        input.map((value) => dimAt((value as Value).dims, axis)),
      );
    },
  },

  /** [y₁, y₂, …] = parts of x:  dx = [dy₁, dy₂, …], zero where none arrives */
  Split: {
    infer: ({ inputs: [x, sizes], attributes }) =>
      Array.from(literalOf(sizes), (size) => ({
        dataType: (x as Value).dataType,
        dims: withDim((x as Value).dims, intOf(attributes, 'axis', 0), size),
      })),
    lower: (context) =>
      context.ops.split(first(context.inputs), intOf(context.node.attributes, 'axis', 0), splitSizes(context)),
    vjp: ({ ops, node, output, grad }) => [
      ops.concat(
        output.map((value, i) => grad[i] ?? zeros(ops, value.dims)),
        intOf(node.attributes, 'axis', 0),
      ),
      null,
    ],
  },

  /** y = x[start:end] along one axis:  dx = dy between zeros */
  Slice: {
    infer: ({ inputs: [x, start, end, axis] }) => {
      const size = (literalOf(end)[0] as number) - (literalOf(start)[0] as number);
      return [
        { dataType: (x as Value).dataType, dims: withDim((x as Value).dims, literalOf(axis)[0] as number, size) },
      ];
    },
    evaluate: ({ inputs: [x, start, , axis] }, [out]) => {
      const strides = stridesOf((x as Value).dims);
      const shift = (literalOf(start)[0] as number) * (strides[literalOf(axis)[0] as number] as number);
      return pick((index) => flatIndex(strides, index) + shift, out as TensorType, x as Value);
    },
    lower: lowerSlice,
    vjp: ({ ops, input: [x, start, end, axis], grad: [dy] }) => {
      if (!dy) return [null, null, null, null];
      const { dims } = x as Value;
      const at = literalOf(axis)[0] as number;
      const before = zeros(ops, withDim(dims, at, literalOf(start)[0] as number));
      const after = zeros(ops, withDim(dims, at, dimAt(dims, at) - (literalOf(end)[0] as number)));
      return [ops.concat([before, dy, after], at), null, null, null];
    },
  },

  /** y = x broadcast to a shape:  dx = dy summed over the broadcast axes */
  Expand: {
    infer: ({ inputs: [x, dims] }) => [
      { dataType: (x as Value).dataType, dims: broadcastDims((x as Value).dims, Array.from(literalOf(dims))) },
    ],
    evaluate: ({ inputs }, [out]) =>
      pick(broadcastReader(first(inputs).dims, (out as TensorType).dims), out as TensorType, first(inputs)),
    lower: (context) => [context.ops.expand(first(context.inputs), known(context, 1, 'shape'))],
    vjp: ({ ops, input, grad: [dy] }) => [dy ? ops.sumTo(dy, first(input).dims) : null, null],
  },

  /** y = rows of x:  dx = dy scattered (and added) to the rows it came from */
  Gather: {
    infer: inferGather,
    evaluate: ({ inputs: [x, indices], attributes }, [out]) => {
      const data = x as Value;
      const axis = axisOf(intOf(attributes, 'axis', 0), data.dims.length);
      const rank = (indices as Value).dims.length;
      const strides = stridesOf(data.dims);
      const places = stridesOf((indices as Value).dims);
      return pick(
        (index) => {
          const at = literalOf(indices)[flatIndex(places, index.slice(axis, axis + rank))] as number;
          const full = [
            ...index.slice(0, axis),
            at < 0 ? at + dimAt(data.dims, axis) : at,
            ...index.slice(axis + rank),
          ];
          return flatIndex(strides, full);
        },
        out as TensorType,
        data,
      );
    },
    vjp: ({ ops, node, input: [x, indices], grad: [dy], needs }) => {
      if (!dy || !needs(0)) return [null, null];
      const data = x as Value;
      if (intOf(node.attributes, 'axis', 0) !== 0) {
        throw new ModelError('Gather along an axis other than the first has no gradient rule.', { node: node.origin });
      }
      const count = sizeOf((indices as Value).dims);
      const places = scatterPlaces(ops, indices as Value, count, dimAt(data.dims, 0));
      const updates = ops.reshape(dy, [count, ...data.dims.slice(1)]);
      return [ops.emit('ScatterND', [zeros(ops, data.dims), places, updates], { reduction: text('add') }), null];
    },
  },

  /** Of what is known, in the masks that PyTorch's exporter writes: no gradient. */
  GatherND: {
    infer: ({ inputs, attributes }) => {
      const [x, indices] = inputs as [Value, Value];
      if (intOf(attributes, 'batch_dims', 0) !== 0) throw new RangeError('GatherND with batch dimensions');
      const depth = dimAt(indices.dims, -1);
      return [{ dataType: x.dataType, dims: [...indices.dims.slice(0, -1), ...x.dims.slice(depth)] }];
    },
    evaluate: ({ inputs: [x, indices] }, [out]) => {
      const [data, places] = [x as Value, indices as Value];
      const depth = dimAt(places.dims, -1);
      const lead = places.dims.length - 1;
      const rows = stridesOf(places.dims.slice(0, -1));
      const strides = stridesOf(data.dims);
      return pick(
        (index) => {
          const row = flatIndex(rows, index.slice(0, lead)) * depth;
          const at = Array.from({ length: depth }, (_, k) => {
            const i = literalOf(places)[row + k] as number;
            return i < 0 ? i + dimAt(data.dims, k) : i;
          });
          return flatIndex(strides, [...at, ...index.slice(lead)]);
        },
        out as TensorType,
        data,
      );
    },
  },
  ScatterND: { infer: ({ inputs }) => [first(inputs)] },

  /** Used by the loss only, which brings its own gradient. */
  GatherElements: {
    infer: ({ inputs: [x, indices] }) => [{ dataType: (x as Value).dataType, dims: (indices as Value).dims }],
  },
};

/** Gather's indices in the form ScatterND takes them, int64 [count, 1]. */
function scatterPlaces(ops: Ops, indices: Value, count: number, limit: number): Value {
  const movable = ops.target.int64 || indices.literal || indices.dataType !== 'int64';
  return ops.cast(ops.reshape(movable ? indices : ops.fromInt64(indices, limit), [count, 1]), 'int64');
}
