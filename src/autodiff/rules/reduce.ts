/** Reductions along axes. Axes are an input (opset 18 form); norms and log-sums open into sums. */
import { intOf } from '../attributes';
import type { Ops, Reduction } from '../ops';
import { axisOf, forEachIndex, sizeOf, stridesOf } from '../shapes';
import type { InferContext, LowerContext, OperatorRule, RuleTable, TensorType, Value, VjpContext } from '../types';
import { axesOf } from './known';

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
  (start: number, step: (a: number, b: number) => number, finish = (x: number, _count: number) => x) =>
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

/** The axes to reduce, counted from the front, and whether they stay as 1; null where the node does nothing. */
function reduction(context: LowerContext): { axes: number[]; keepDims: boolean } | null {
  const { node, inputs } = context;
  const { dims } = inputs[0] as Value;
  const axes = axesOf(context) ?? [];
  if (axes.length === 0 && intOf(node.attributes, 'noop_with_empty_axes', 0) !== 0) return null;
  const all = axes.length === 0 ? dims.map((_, i) => i) : axes.map((axis) => axisOf(axis, dims.length));
  return { axes: all, keepDims: keeps(node.attributes) };
}

type Reduce = (x: Value, keepDims?: boolean) => Value;

/** A reduction made of others. `make` gets the operand and a way to sum it over the node's axes. */
const composed = (make: (ops: Ops, x: Value, sum: Reduce, max: Reduce) => Value): OperatorRule => ({
  lower: (context) => {
    const { ops, inputs } = context;
    const x = inputs[0] as Value;
    const over = reduction(context);
    const by =
      (kind: Reduction): Reduce =>
      (value, keepDims = over?.keepDims) =>
        over ? ops.reduce(kind, value, over.axes, keepDims) : value;
    return [make(ops, x, by('ReduceSum'), by('ReduceMax'))];
  },
});

const lower =
  (kind: Reduction) =>
  (context: LowerContext): Value[] => {
    const x = context.inputs[0] as Value;
    const over = reduction(context);
    return [over ? context.ops.reduce(kind, x, over.axes, over.keepDims) : x];
  };

/** A value of the output's shape with the reduced axes back as 1, so that it broadcasts against x. */
function unreduced({ ops, input }: VjpContext, value: Value): Value {
  const axes = axesIn({ inputs: input });
  const { dims } = input[0] as Value;
  return ops.reshape(
    value,
    dims.map((dim, i) => (axes.includes(i) ? 1 : dim)),
  );
}

const spread = (context: VjpContext): Value | null => {
  const dy = context.grad[0];
  return dy ? context.ops.expand(unreduced(context, dy), (context.input[0] as Value).dims) : null;
};

/** y = the extreme x:  dx = dy where x = y, shared among equals */
const extreme = (kind: Reduction, start: number, f: (a: number, b: number) => number): OperatorRule => ({
  infer,
  evaluate: evaluate(start, f),
  lower: lower(kind),
  vjp: (context) => {
    const { ops, input, output, grad } = context;
    const dy = grad[0];
    if (!dy) return [null, null];
    const [x] = input as [Value];
    const reached = ops.cast(ops.equal(x, unreduced(context, output[0] as Value)), 'float32');
    const count = ops.reduce('ReduceSum', reached, axesIn({ inputs: input }));
    return [ops.mul(reached, ops.div(unreduced(context, dy), count)), null];
  },
});

export const reduce: RuleTable = {
  /** y = Σ x:  dx = dy, spread over the summed axes */
  ReduceSum: {
    infer,
    evaluate: evaluate(0, (a, b) => a + b),
    lower: lower('ReduceSum'),
    vjp: (context) => [spread(context), null],
  },
  /** y = Σ x / n:  dx = dy / n, spread */
  ReduceMean: {
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
  },
  ReduceMax: extreme('ReduceMax', Number.NEGATIVE_INFINITY, Math.max),
  ReduceMin: extreme('ReduceMin', Number.POSITIVE_INFINITY, Math.min),
  /** y = Π x, in shape arithmetic: no gradient. */
  ReduceProd: { infer, evaluate: evaluate(1, (a, b) => a * b), lower: lower('ReduceProd') },
  ReduceSumSquare: composed((ops, x, sum) => sum(ops.mul(x, x))),
  ReduceL1: composed((ops, x, sum) => sum(ops.emit('Abs', [x]))),
  ReduceL2: composed((ops, x, sum) => ops.sqrt(sum(ops.mul(x, x)))),
  ReduceLogSum: composed((ops, x, sum) => ops.log(sum(x))),
  /** m + ln Σ e^(x − m), m = max x, so that nothing overflows. */
  ReduceLogSumExp: composed((ops, x, sum, max) => ops.add(ops.log(sum(ops.exp(ops.sub(x, max(x, true))))), max(x))),
};
