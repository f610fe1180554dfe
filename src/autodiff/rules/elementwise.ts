/**
 * Operators that work element by element, with NumPy broadcasting: y[i] = f(a[i], b[i]). Gradients are summed over the
 * axes along which an operand was broadcast (`sumTo`).
 */
import { broadcastDims, broadcastReader, forEachIndex, sizeOf } from '../shapes';
import type { InferContext, OperatorRule, RuleTable, TensorType, Value, VjpContext } from '../types';
import { lowerAngle } from './angles';

const operands = (inputs: readonly (Value | null)[]): Value[] => inputs.filter((value) => value !== null);

function inferBroadcast({ inputs }: InferContext): TensorType[] {
  const values = operands(inputs);
  const dims = values.map((value) => value.dims).reduce(broadcastDims);
  return [{ dataType: (values[values.length - 1] as Value).dataType, dims }];
}

const isInteger = (type: TensorType) => type.dataType.startsWith('int') || type.dataType.startsWith('uint');

function evaluateWith(f: (...x: number[]) => number) {
  return ({ inputs }: InferContext, [out]: readonly TensorType[]): readonly ArrayLike<number>[] => {
    const type = out as TensorType;
    const values = operands(inputs);
    const readers = values.map((value) => broadcastReader(value.dims, type.dims));
    const elements = new Array<number>(sizeOf(type.dims));
    forEachIndex(type.dims, (flat, index) => {
      elements[flat] = f(
        ...values.map(
          (value, k) =>
            (value.literal as ArrayLike<number>)[(readers[k] as (i: readonly number[]) => number)(index)] as number,
        ),
      );
    });
    return [isInteger(type) ? elements.map(Math.trunc) : elements];
  };
}

type Vjp = (context: VjpContext & { x: Value; y: Value; out: Value; dy: Value }) => readonly (Value | null)[];

/** A rule with one or two float operands; `vjp` gives unreduced gradients, which are summed to the operands' shapes. */
function float(f: (...x: number[]) => number, vjp: Vjp): OperatorRule {
  return {
    infer: inferBroadcast,
    evaluate: evaluateWith(f),
    vjp: (context) => {
      const [x, y] = context.input;
      const dy = context.grad[0];
      if (!dy) return context.input.map(() => null);
      const grads = vjp({
        ...context,
        x: x as Value,
        y: (y ?? x) as Value,
        out: context.output[0] as Value,
        dy,
        needs: context.needs,
      });
      return grads.map((grad, i) => {
        const operand = context.input[i];
        return grad && operand ? context.ops.sumTo(grad, operand.dims) : null;
      });
    },
  };
}

/** A comparison or a test: no gradient, boolean result. */
const predicate = (f: (...x: number[]) => boolean): OperatorRule => ({
  infer: (context) => [{ dataType: 'bool', dims: (inferBroadcast(context)[0] as TensorType).dims }],
  evaluate: evaluateWith((...x) => (f(...x) ? 1 : 0)),
});

export const elementwise: RuleTable = {
  /** y = a + b:  da = dy, db = dy */
  Add: float(
    (a, b = 0) => a + b,
    ({ dy, needs }) => [needs(0) ? dy : null, needs(1) ? dy : null],
  ),
  /** y = a − b:  da = dy, db = −dy */
  Sub: float(
    (a, b = 0) => a - b,
    ({ ops, dy, needs }) => [needs(0) ? dy : null, needs(1) ? ops.neg(dy) : null],
  ),
  /** y = a · b:  da = dy · b, db = dy · a */
  Mul: float(
    (a, b = 1) => a * b,
    ({ ops, x, y, dy, needs }) => [needs(0) ? ops.mul(dy, y) : null, needs(1) ? ops.mul(dy, x) : null],
  ),
  /** y = a / b:  da = dy / b, db = −dy · y / b */
  Div: float(
    (a, b = 1) => a / b,
    ({ ops, y, out, dy, needs }) => [
      needs(0) ? ops.div(dy, y) : null,
      needs(1) ? ops.neg(ops.div(ops.mul(dy, out), y)) : null,
    ],
  ),
  /** y = a^b, b without gradient:  da = dy · b · a^(b−1) */
  Pow: float(
    (a, b = 1) => a ** b,
    ({ ops, x, y, dy }) => [ops.mul(dy, ops.mul(y, ops.emit('Pow', [x, ops.sub(y, ops.scalar(1))]))), null],
  ),
  /** y = −x:  dx = −dy */
  Neg: float(
    (x) => -x,
    ({ ops, dy }) => [ops.neg(dy)],
  ),
  /** y = e^x:  dx = dy · y */
  Exp: float(Math.exp, ({ ops, out, dy }) => [ops.mul(dy, out)]),
  /** y = ln x:  dx = dy / x */
  Log: float(Math.log, ({ ops, x, dy }) => [ops.div(dy, x)]),
  /** y = √x:  dx = dy / (2 y) */
  Sqrt: float(Math.sqrt, ({ ops, out, dy }) => [ops.div(ops.scale(dy, 0.5), out)]),
  /** y = 1 / x:  dx = −dy · y² */
  Reciprocal: float(
    (x) => 1 / x,
    ({ ops, out, dy }) => [ops.neg(ops.mul(dy, ops.mul(out, out)))],
  ),
  /** y = σ(x):  dx = dy · y · (1 − y) */
  Sigmoid: float(
    (x) => 1 / (1 + Math.exp(-x)),
    ({ ops, out, dy }) => [ops.mul(dy, ops.mul(out, ops.sub(ops.scalar(1), out)))],
  ),
  /** y = tanh x:  dx = dy · (1 − y²) */
  Tanh: float(Math.tanh, ({ ops, out, dy }) => [ops.mul(dy, ops.sub(ops.scalar(1), ops.mul(out, out)))]),
  /** y = c ? a : b:  da = c ? dy : 0, db = c ? 0 : dy */
  Where: {
    infer: (context) => [
      { dataType: (context.inputs[1] as Value).dataType, dims: (inferBroadcast(context)[0] as TensorType).dims },
    ],
    evaluate: evaluateWith((c, a = 0, b = 0) => (c ? a : b)),
    vjp: ({ ops, input: [condition, a, b], grad: [dy], needs }) => {
      if (!dy) return [null, null, null];
      const zero = ops.scalar(0);
      return [
        null,
        needs(1) ? ops.sumTo(ops.where(condition as Value, dy, zero), (a as Value).dims) : null,
        needs(2) ? ops.sumTo(ops.where(condition as Value, zero, dy), (b as Value).dims) : null,
      ];
    },
  },
  /** y = cos x:  dx = −dy · sin x */
  Cos: {
    ...float(Math.cos, ({ ops, x, dy }) => [ops.neg(ops.mul(dy, ops.emit('Sin', [x])))]),
    lower: lowerAngle('Cos'),
  },
  /** y = sin x:  dx = dy · cos x */
  Sin: {
    ...float(Math.sin, ({ ops, x, dy }) => [ops.mul(dy, ops.emit('Cos', [x]))]),
    lower: lowerAngle('Sin'),
  },
  /** y = erf x:  dx = dy · 2/√π · e^(−x²). Its elements are not computed ahead of time. */
  Erf: {
    infer: inferBroadcast,
    vjp: ({ ops, input: [x], grad: [dy] }) => {
      if (!dy) return [null];
      const bell = ops.exp(ops.neg(ops.mul(x as Value, x as Value)));
      return [ops.mul(dy, ops.scale(bell, 2 / Math.sqrt(Math.PI)))];
    },
  },
  /** Of integers, in shape arithmetic: no gradient. */
  Max: { infer: inferBroadcast, evaluate: evaluateWith(Math.max) },
  Min: { infer: inferBroadcast, evaluate: evaluateWith(Math.min) },
  IsNaN: predicate(Number.isNaN),
  Equal: predicate((a, b) => a === b),
  Less: predicate((a, b = 0) => a < b),
  LessOrEqual: predicate((a, b = 0) => a <= b),
  Greater: predicate((a, b = 0) => a > b),
  GreaterOrEqual: predicate((a, b = 0) => a >= b),
  And: predicate((a, b) => Boolean(a && b)),
  Or: predicate((a, b) => Boolean(a || b)),
  Not: predicate((a) => !a),
};
