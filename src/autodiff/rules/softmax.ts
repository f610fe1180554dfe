/** The softmax family: Softmax itself, its logarithm, and ONNX Runtime's form with a bias. */
import { intOf } from '../attributes';
import type { Ops } from '../ops';
import { MICROSOFT } from '../ops';
import { axisOf, sizeOf } from '../shapes';
import type { LowerContext, OperatorRule, RuleTable, Value } from '../types';

type AlongLast = (ops: Ops, x: Value) => Value;

/** Along one axis that is not the last: brought there and back. */
function alongAxis(ops: Ops, x: Value, axis: number, f: AlongLast): Value {
  const last = x.dims.length - 1;
  if (axis === last) return f(ops, x);
  const perm = x.dims.map((_, i) => i);
  [perm[axis], perm[last]] = [last, axis];
  return ops.transpose(f(ops, ops.transpose(x, perm)), perm);
}

/** Before opset 13 (and in BiasSoftmax) all axes from `axis` on are one: the tensor is taken as a matrix. */
function alongRest(ops: Ops, x: Value, axis: number, f: AlongLast): Value {
  const rest = sizeOf(x.dims.slice(axis));
  return ops.reshape(f(ops, ops.reshape(x, [sizeOf(x.dims) / rest, rest])), x.dims);
}

const lower =
  (f: AlongLast) =>
  ({ ops, node, inputs, opset }: LowerContext): Value[] => {
    const x = inputs[0] as Value;
    const rank = x.dims.length;
    const axis = axisOf(intOf(node.attributes, 'axis', opset < 13 ? 1 : -1), rank);
    if (axis === rank - 1) return [f(ops, x)];
    return [opset < 13 ? alongRest(ops, x, axis, f) : alongAxis(ops, x, axis, f)];
  };

const softmaxOf: AlongLast = (ops, x) => ops.softmax(x);

/** x − m − ln Σ e^(x − m), m = max x. */
const logSoftmaxOf: AlongLast = (ops, x) => {
  const shifted = ops.sub(x, ops.reduce('ReduceMax', x, [-1]));
  return ops.sub(shifted, ops.log(ops.reduce('ReduceSum', ops.exp(shifted), [-1])));
};

/** y = e^x / Σ e^x along the last axis:  dx = y · (dy − Σ dy · y) */
const softmaxRule: OperatorRule = {
  infer: ({ inputs }) => [inputs[0] as Value],
  lower: lower(softmaxOf),
  vjp: ({ ops, output: [y], grad: [dy] }) => {
    if (!dy || !y) return [null];
    const weighted = ops.mul(dy, y);
    return [ops.sub(weighted, ops.mul(y, ops.reduce('ReduceSum', weighted, [-1])))];
  },
};

export const softmax: RuleTable = {
  Softmax: softmaxRule,
  LogSoftmax: { lower: lower(logSoftmaxOf) },
  /** softmax(x + bias); the bias is repeated inside the leading axes, or, with `is_inner_broadcast` 0, outside them. */
  [`${MICROSOFT}.BiasSoftmax`]: {
    lower: ({ ops, node, inputs }) => {
      const [x, bias] = inputs as [Value, Value];
      const axis = axisOf(intOf(node.attributes, 'axis', 1), x.dims.length);
      return [alongRest(ops, ops.add(x, bias), axis, softmaxOf)];
    },
  },
};
