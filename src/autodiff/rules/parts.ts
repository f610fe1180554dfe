/** Joining, cutting, repeating and padding tensors. Picking by index is in gather.ts. */
import { intOf, intsOf, textOf } from '../attributes';
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
import type { LowerContext, RuleTable, TensorType, Value } from '../types';
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

/** The indices that a slice of one axis takes: start, end and step, clamped as the specification says. */
function sliceIndices(start: number, end: number, step: number, dim: number): number[] {
  const clamp = (i: number, low: number, high: number) => Math.max(low, Math.min(high, i < 0 ? i + dim : i));
  const [from, to] =
    step > 0 ? [clamp(start, 0, dim), clamp(end, 0, dim)] : [clamp(start, 0, dim - 1), clamp(end, -1, dim - 1)];
  const count = Math.max(0, Math.ceil((to - from) / step));
  return Array.from({ length: count }, (_, i) => from + i * step);
}

/** Neighbours are cut out; every other step is a Gather of known indices. */
function takeIndices(ops: Ops, x: Value, axis: number, indices: readonly number[], step: number): Value {
  const from = indices[0] ?? 0;
  return step === 1 ? ops.slice(x, axis, from, from + indices.length) : ops.gather(x, ops.int64(indices), axis);
}

function lowerSlice(context: LowerContext): Value[] {
  const { ops, node, inputs } = context;
  const old = intsOf(node.attributes, 'starts');
  const starts = old ? [...old] : known(context, 1, 'starts');
  const ends = old ? [...(intsOf(node.attributes, 'ends') ?? [])] : known(context, 2, 'ends');
  const axes = old ? intsOf(node.attributes, 'axes') : inputs[3] && known(context, 3, 'axes');
  const steps = inputs[4] ? known(context, 4, 'steps') : starts.map(() => 1);
  return [
    starts.reduce((x, start, i) => {
      const axis = axisOf(axes?.[i] ?? i, x.dims.length);
      const step = steps[i] as number;
      return takeIndices(ops, x, axis, sliceIndices(start, ends[i] as number, step, dimAt(x.dims, axis)), step);
    }, first(inputs)),
  ];
}

/** Each axis doubled into [repeats, dim], spread, and joined again. */
function tile(ops: Ops, x: Value, repeats: readonly number[]): Value {
  const apart = x.dims.flatMap((dim) => [1, dim]);
  const spread = x.dims.flatMap((dim, i) => [repeats[i] as number, dim]);
  return ops.reshape(
    ops.expand(ops.reshape(x, apart), spread),
    x.dims.map((dim, i) => dim * (repeats[i] as number)),
  );
}

/** Where the padded axis reads from, outside of `constant` mode. */
const PADDED_INDEX: Readonly<Record<string, (i: number, dim: number) => number>> = {
  edge: (i, dim) => Math.max(0, Math.min(dim - 1, i)),
  reflect: (i, dim) => {
    const period = Math.max(1, 2 * (dim - 1));
    const at = ((i % period) + period) % period;
    return at < dim ? at : period - at;
  },
  wrap: (i, dim) => ((i % dim) + dim) % dim,
};

interface Padding {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

function padAxis(ops: Ops, x: Value, { axis, before, after }: Padding, mode: string, fill: Value): Value {
  const dim = dimAt(x.dims, axis);
  const index = PADDED_INDEX[mode];
  if (index) {
    const indices = Array.from({ length: before + dim + after }, (_, i) => index(i - before, dim));
    return before === 0 && after === 0 ? x : ops.gather(x, ops.int64(indices), axis);
  }
  const cut = ops.slice(x, axis, Math.max(0, -before), dim + Math.min(0, after));
  const wall = (size: number) => ops.expand(fill, withDim(cut.dims, axis, Math.max(0, size)));
  return ops.concat([wall(before), cut, wall(after)], axis);
}

function lowerPad(context: LowerContext): Value[] {
  const { ops, node, inputs } = context;
  const x = first(inputs);
  const mode = textOf(node.attributes, 'mode', 'constant');
  if (mode !== 'constant' && !PADDED_INDEX[mode]) throw new RangeError(`padding of mode ${mode}`);
  const pads = intsOf(node.attributes, 'pads') ?? known(context, 1, 'widths');
  const axes = inputs[3] ? known(context, 3, 'axes') : x.dims.map((_, i) => i);
  const old = node.attributes.value;
  const fill = inputs[2] ?? ops.scalar(old?.type === 'float' ? old.value : 0, x.dataType);
  return [
    axes.reduce(
      (padded, axis, i) =>
        padAxis(
          ops,
          padded,
          {
            axis: axisOf(axis, x.dims.length),
            before: pads[i] as number,
            after: pads[i + axes.length] as number,
          },
          mode,
          ops.reshape(fill, []),
        ),
      x,
    ),
  ];
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
    evaluate: ({ inputs: [x, sizes], attributes }, outputs) => {
      const axis = axisOf(intOf(attributes, 'axis', 0), (x as Value).dims.length);
      const strides = stridesOf((x as Value).dims);
      let start = 0;
      return outputs.flatMap((out, i) => {
        const from = start * (strides[axis] as number);
        start += literalOf(sizes)[i] as number;
        return pick((index) => flatIndex(strides, index) + from, out, x as Value);
      });
    },
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

  Tile: { lower: (context) => [tile(context.ops, first(context.inputs), known(context, 1, 'repeats'))] },
  Pad: { lower: lowerPad },
};
