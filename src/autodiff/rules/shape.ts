/**
 * Operators that move elements without computing on them, and the shape arithmetic that exporters leave in graphs. In a
 * specialised graph every shape is known, so most of these fold away; the rest are put in opset 21 form.
 */
import { ModelError } from '../../errors';
import { numbersOf } from '../../onnx';
import { intOf, intsOf, tensorOf, text } from '../attributes';
import { dataTypeFromCode, type Ops } from '../ops';
import {
  axisOf,
  broadcastDims,
  broadcastReader,
  computeType,
  dimAt,
  forEachIndex,
  sameDims,
  sizeOf,
  stridesOf,
  withDim,
} from '../shapes';
import type { InferContext, LowerContext, OperatorRule, RuleTable, TensorType, Value } from '../types';

/** The elements of an input that must be known at compile time (a shape, axes, indices). */
function known({ node, inputs }: LowerContext, i: number, what: string): number[] {
  const value = inputs[i];
  if (!value?.literal) {
    throw new ModelError(
      `${node.opType} takes its ${what} from data; Prelude needs it to be known from the shapes.`,
      { node: node.name || node.outputs[0] },
      'This export computes shapes from the text itself; try another export of the model.',
    );
  }
  return Array.from(value.literal);
}

const first = (inputs: readonly (Value | null)[]): Value => inputs[0] as Value;
const literalOf = (value: Value | null | undefined): ArrayLike<number> => value?.literal ?? [];

/** Reads the output element by element from the first input's literal. */
function pick(read: (index: readonly number[]) => number, out: TensorType, x: Value): readonly ArrayLike<number>[] {
  const elements = new Array<number>(sizeOf(out.dims));
  const source = literalOf(x);
  forEachIndex(out.dims, (flat, index) => {
    elements[flat] = source[read(index)] as number;
  });
  return [elements];
}

const flatIndex = (strides: readonly number[], index: readonly number[]): number =>
  index.reduce((sum, i, axis) => sum + i * (strides[axis] as number), 0);

/** Axes from the attribute (old opsets) or the second input. */
export const axesOf = (context: LowerContext): number[] | null => {
  const attribute = intsOf(context.node.attributes, 'axes');
  if (attribute) return [...attribute];
  return context.inputs[1] ? known(context, 1, 'axes') : null;
};

/** Of any size: never written out in the graph's file. */
const zeros = (ops: Ops, dims: readonly number[]): Value =>
  ops.emit('Expand', [ops.scalar(0), ops.int64(dims)], {}, { fold: false });

const cast: OperatorRule = {
  infer: ({ inputs, attributes }) => [
    { dataType: computeType(dataTypeFromCode(intOf(attributes, 'to', 1))), dims: first(inputs).dims },
  ],
  evaluate: ({ inputs }, [out]) => {
    const elements = Array.from(literalOf(inputs[0]));
    const type = (out as TensorType).dataType;
    if (type === 'bool') return [elements.map((x) => (x ? 1 : 0))];
    return [type === 'float32' ? elements : elements.map(Math.trunc)];
  },
  lower: ({ ops, node, inputs }) => [
    ops.cast(first(inputs), computeType(dataTypeFromCode(intOf(node.attributes, 'to', 1)))),
  ],
  vjp: ({ ops, input, grad: [dy] }) => [dy ? ops.cast(dy, first(input).dataType) : null],
};

function reshapeTarget(context: LowerContext): number[] {
  const x = first(context.inputs);
  const allowZero = intOf(context.node.attributes, 'allowzero', 0) !== 0;
  return known(context, 1, 'shape').map((dim, i) => (dim === 0 && !allowZero ? dimAt(x.dims, i) : dim));
}

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

export const shape: RuleTable = {
  Constant: {
    lower: ({ ops, node }) => {
      const tensor = tensorOf(node.attributes, 'value');
      if (tensor) return [ops.builder.literal(computeType(tensor.dataType), tensor.dims, numbersOf(tensor))];
      const { value_int: i, value_float: f, value_ints: is, value_floats: fs } = node.attributes;
      if (i?.type === 'int') return [ops.scalar(i.value, 'int64')];
      if (f?.type === 'float') return [ops.scalar(f.value)];
      if (is?.type === 'ints') return [ops.int64(is.value)];
      if (fs?.type === 'floats') return [ops.builder.literal('float32', [fs.value.length], fs.value)];
      throw new ModelError('Constant holds a value of a kind that Prelude does not read.', { node: node.name });
    },
  },
  Shape: {
    lower: ({ ops, node, inputs }) => {
      const { dims } = first(inputs);
      const start = intOf(node.attributes, 'start', 0);
      const end = intOf(node.attributes, 'end', dims.length);
      return [ops.int64(dims.slice(start, end))];
    },
  },
  ConstantOfShape: {
    lower: (context) => {
      const { ops, node } = context;
      const tensor = tensorOf(node.attributes, 'value');
      const fill = ops.scalar(
        tensor ? (numbersOf(tensor)[0] as number) : 0,
        tensor ? computeType(tensor.dataType) : 'float32',
      );
      return [ops.expand(fill, known(context, 0, 'shape'))];
    },
  },
  Range: {
    lower: (context) => {
      const [start, limit, step] = [
        known(context, 0, 'start'),
        known(context, 1, 'limit'),
        known(context, 2, 'step'),
      ].map((x) => x[0] as number) as [number, number, number];
      const count = Math.max(0, Math.ceil((limit - start) / step));
      const elements = Array.from({ length: count }, (_, i) => start + i * step);
      return [context.ops.builder.literal(first(context.inputs).dataType, [count], elements)];
    },
  },
  Identity: { lower: ({ inputs }) => [first(inputs)] },
  Cast: cast,

  /** y = x in another shape:  dx = dy in x's shape */
  Reshape: {
    infer: ({ inputs: [x, dims] }) => [{ dataType: (x as Value).dataType, dims: Array.from(literalOf(dims)) }],
    evaluate: ({ inputs }) => [literalOf(inputs[0])],
    lower: (context) => [context.ops.reshape(first(context.inputs), reshapeTarget(context))],
    vjp: ({ ops, input, grad: [dy] }) => [dy ? ops.reshape(dy, first(input).dims) : null, null],
  },
  Unsqueeze: {
    lower: (context) => {
      const x = first(context.inputs);
      const axes = axesOf(context) ?? [];
      const rank = x.dims.length + axes.length;
      const at = new Set(axes.map((axis) => axisOf(axis, rank)));
      const rest = [...x.dims];
      return [
        context.ops.reshape(
          x,
          Array.from({ length: rank }, (_, i) => (at.has(i) ? 1 : (rest.shift() as number))),
        ),
      ];
    },
  },
  Squeeze: {
    lower: (context) => {
      const x = first(context.inputs);
      const axes = axesOf(context)?.map((axis) => axisOf(axis, x.dims.length));
      return [
        context.ops.reshape(
          x,
          x.dims.filter((dim, i) => (axes ? !axes.includes(i) : dim !== 1)),
        ),
      ];
    },
  },
  Flatten: {
    lower: ({ ops, node, inputs }) => {
      const x = first(inputs);
      const axis = axisOf(intOf(node.attributes, 'axis', 1), x.dims.length);
      return [ops.reshape(x, [sizeOf(x.dims.slice(0, axis)), sizeOf(x.dims.slice(axis))])];
    },
  },

  /** y = x with axes permuted:  dx = dy permuted back */
  Transpose: {
    infer: ({ inputs, attributes }) => {
      const x = first(inputs);
      return [{ dataType: x.dataType, dims: (intsOf(attributes, 'perm') ?? []).map((axis) => dimAt(x.dims, axis)) }];
    },
    evaluate: ({ inputs, attributes }, [out]) => {
      const x = first(inputs);
      const strides = (intsOf(attributes, 'perm') ?? []).map((axis) => stridesOf(x.dims)[axis] as number);
      return pick((index) => flatIndex(strides, index), out as TensorType, x);
    },
    lower: ({ ops, node, inputs }) => {
      const x = first(inputs);
      return [ops.transpose(x, intsOf(node.attributes, 'perm') ?? x.dims.map((_, i) => x.dims.length - 1 - i))];
    },
    vjp: ({ ops, node, grad: [dy] }) => {
      const perm = intsOf(node.attributes, 'perm') ?? [];
      return [
        dy
          ? ops.transpose(
              dy,
              perm.map((_, i) => perm.indexOf(i)),
            )
          : null,
      ];
    },
  },

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
