/** The same elements in another shape or order of axes. */
import { intOf, intsOf } from '../attributes';
import { axisOf, dimAt, sizeOf, stridesOf } from '../shapes';
import type { LowerContext, RuleTable, TensorType, Value } from '../types';
import { axesOf, first, flatIndex, known, literalOf, pick } from './known';

function reshapeTarget(context: LowerContext): number[] {
  const x = first(context.inputs);
  const allowZero = intOf(context.node.attributes, 'allowzero', 0) !== 0;
  return known(context, 1, 'shape').map((dim, i) => (dim === 0 && !allowZero ? dimAt(x.dims, i) : dim));
}

export const shape: RuleTable = {
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
};
