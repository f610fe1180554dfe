/** Reductions along axes, and the softmax, which is one in disguise. Axes are an input (opset 18 form). */
import { intOf } from '../attributes';
import { axisOf, forEachIndex, sizeOf, stridesOf } from '../shapes';
import type { InferContext, LowerContext, OperatorRule, RuleTable, TensorType, Value, VjpContext } from '../types';
import { axesOf } from './known';

type Kind = 'ReduceSum' | 'ReduceMean' | 'ReduceMax';

const axesIn = ({ inputs: [x, axes] }: Pick<InferContext, 'inputs'>): number[] =>
  axes?.literal ? Array.from(axes.literal) : (x as Value).dims.map((_, i) => i);

const keeps = (attributes: InferContext['attributes']) => intOf(attributes, 'keepdims', 1) !== 0;

const infer = (context: InferContext): TensorType[] => {
  const { dims, dataType } = context.inputs[0] as Value;
  const axes = axesIn(context);
  const kept = dims.map((dim, i) => (axes.includes(i) ? 1 : dim));
  return [{ dataType, dims: keeps(context.attributes) ? kept : kept.filter((_, i) => !axes.includes(i)) }];
};

const evaluate =
  (start: number, step: (a: number, b: number) => number, finish: (x: number, n: number) => number) =>
  (context: InferContext): readonly ArrayLike<number>[] => {
    const { dims, literal } = context.inputs[0] as Value;
    const axes = axesIn(context);
    const kept = dims.map((dim, i) => (axes.includes(i) ? 1 : dim));
    const strides = stridesOf(kept).map((stride, i) => (axes.includes(i) ? 0 : stride));
    const elements = new Array<number>(sizeOf(kept)).fill(start);
    forEachIndex(dims, (flat, index) => {
      const at = index.reduce((sum, i, axis) => sum + i * (strides[axis] as number), 0);
      elements[at] = step(elements[at] as number, (literal as ArrayLike<number>)[flat] as number);
    });
    const count = sizeOf(dims) / Math.max(1, elements.length);
    return [elements.map((x) => finish(x, count))];
  };

const lower =
  (kind: Kind) =>
  (context: LowerContext): Value[] => {
    const { ops, node, inputs } = context;
    const x = inputs[0] as Value;
    const axes = axesOf(context);
    if (!axes && intOf(node.attributes, 'noop_with_empty_axes', 0) !== 0) return [x];
    return [ops.reduce(kind, x, axes ?? x.dims.map((_, i) => i), keeps(node.attributes))];
  };

/** dy with the reduced axes back as 1, so that it broadcasts against x. */
function spread(context: VjpContext): Value | null {
  const [x] = context.input as [Value];
  const dy = context.grad[0];
  if (!dy) return null;
  const axes = axesIn({ inputs: context.input });
  return context.ops.expand(
    context.ops.reshape(
      dy,
      x.dims.map((dim, i) => (axes.includes(i) ? 1 : dim)),
    ),
    x.dims,
  );
}

const sum: OperatorRule = {
  infer,
  evaluate: evaluate(
    0,
    (a, b) => a + b,
    (x) => x,
  ),
  lower: lower('ReduceSum'),
  vjp: (context) => [spread(context), null],
};

const mean: OperatorRule = {
  infer,
  evaluate: evaluate(
    0,
    (a, b) => a + b,
    (x, n) => x / n,
  ),
  lower: lower('ReduceMean'),
  vjp: (context) => {
    const dy = spread(context);
    const count = sizeOf((context.input[0] as Value).dims) / sizeOf((context.output[0] as Value).dims);
    return [dy && context.ops.scale(dy, 1 / count), null];
  },
};

export const reduce: RuleTable = {
  /** y = Σ x:  dx = dy, spread over the summed axes */
  ReduceSum: sum,
  /** y = Σ x / n:  dx = dy / n, spread */
  ReduceMean: mean,
  ReduceMax: { infer, evaluate: evaluate(Number.NEGATIVE_INFINITY, Math.max, (x) => x), lower: lower('ReduceMax') },
  /** y = e^x / Σ e^x along the last axis:  dx = y · (dy − Σ dy · y) */
  Softmax: {
    infer: ({ inputs }) => [inputs[0] as Value],
    lower: ({ ops, node, inputs, opset }) => {
      const x = inputs[0] as Value;
      const rank = x.dims.length;
      const axis = axisOf(intOf(node.attributes, 'axis', opset < 13 ? 1 : -1), rank);
      if (axis === rank - 1) return [ops.softmax(x)];
      const perm = x.dims.map((_, i) => i);
      [perm[axis], perm[rank - 1]] = [rank - 1, axis];
      return [ops.transpose(ops.softmax(ops.transpose(x, perm)), perm)];
    },
    vjp: ({ ops, output: [y], grad: [dy] }) => {
      if (!dy || !y) return [null];
      const weighted = ops.mul(dy, y);
      return [ops.sub(weighted, ops.mul(y, ops.reduce('ReduceSum', weighted, [-1])))];
    },
  },
};
