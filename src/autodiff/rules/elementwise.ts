/** Arithmetic and functions, element by element. Machinery and broadcasting are in pointwise.ts. */
import { intOf } from '../attributes';
import type { Ops } from '../ops';
import type { LowerContext, OperatorRule, RuleTable, Value } from '../types';
import { lowerAngle } from './angles';
import { literalOf, zeros } from './known';
import { evaluateWith, float, inferBroadcast, isInteger } from './pointwise';

/** Each operand of a sum, a maximum … in turn: ONNX allows any number of them, the rules know two. */
const chain =
  (join: (ops: Ops, a: Value, b: Value) => Value) =>
  ({ ops, inputs }: LowerContext): [Value] => [(inputs as readonly Value[]).reduce((a, b) => join(ops, a, b))];

/** Steps: the gradient is zero wherever there is one. */
const step = (f: (x: number) => number): OperatorRule => float(f, ({ ops, dy }) => [zeros(ops, dy.dims)]);

/** y = whichever of a, b wins:  da = dy where a wins, half of it in a tie, db = the rest */
const choice = (f: (...x: number[]) => number, opType: string, wins: 'Greater' | 'Less'): OperatorRule => ({
  ...float(f, ({ ops, x, y, dy, needs }) => {
    const half = ops.where(ops.equal(x, y), ops.scalar(0.5), ops.scalar(0));
    const share = ops.where(ops.emit(wins, [x, y]), ops.scalar(1), half);
    return [needs(0) ? ops.mul(dy, share) : null, needs(1) ? ops.mul(dy, ops.sub(ops.scalar(1), share)) : null];
  }),
  lower: chain((ops, a, b) => ops.emit(opType, [a, b])),
});

const roundHalfToEven = (x: number): number => {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
};

/** −1, 0 or 1; ONNX Runtime has no Sign on WebGPU. */
const signOf = (ops: Ops, x: Value): Value => {
  const [zero, one] = [ops.scalar(0, x.dataType), ops.scalar(1, x.dataType)];
  const negative = ops.where(ops.emit('Less', [x, zero]), ops.scalar(-1, x.dataType), zero);
  return ops.where(ops.emit('Greater', [x, zero]), one, negative);
};

/** Small whole powers as products: exact, and WGSL's pow is not defined for a negative base. */
function power(ops: Ops, x: Value, y: Value): Value {
  const exponents = new Set(y.literal && y.dims.length <= x.dims.length ? Array.from(literalOf(y)) : []);
  const [exponent] = exponents.size === 1 ? exponents : [];
  if (x.literal || isInteger(x)) return ops.emit('Pow', [x, y]);
  switch (exponent) {
    case 1:
      return x;
    case 2:
      return ops.mul(x, x);
    case 3:
      return ops.mul(ops.mul(x, x), x);
    case 0.5:
      return ops.sqrt(x);
    case -0.5:
      return ops.reciprocal(ops.sqrt(x));
    case -1:
      return ops.reciprocal(x);
    default:
      return ops.emit('Pow', [x, y]);
  }
}

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
  /** y = a^b:  da = dy · b · a^(b−1), db = dy · y · ln a, which exists for a > 0 */
  Pow: {
    ...float(
      (a, b = 1) => a ** b,
      ({ ops, x, y, out, dy, needs }) => [
        needs(0) ? ops.mul(dy, ops.mul(y, power(ops, x, ops.sub(y, ops.scalar(1))))) : null,
        needs(1) ? ops.mul(dy, ops.mul(out, ops.log(x))) : null,
      ],
    ),
    lower: ({ ops, inputs: [x, y] }) => {
      const exponent = y as Value;
      return [power(ops, x as Value, isInteger(x as Value) ? exponent : ops.cast(exponent, 'float32'))];
    },
    infer: (context) => [
      { dataType: (context.inputs[0] as Value).dataType, dims: inferBroadcast(context)[0]?.dims ?? [] },
    ],
  },
  /** y = a − b · ⌊a/b⌋, or with `fmod` a − b · trunc(a/b):  da = dy; none for b */
  Mod: {
    ...float(
      (a) => a,
      ({ dy }) => [dy, null],
    ),
    evaluate: (context, outputs) =>
      evaluateWith(
        intOf(context.attributes, 'fmod', 0) ? (a, b = 1) => a % b : (a, b = 1) => a - b * Math.floor(a / b),
      )(context, outputs),
  },
  Sum: { lower: chain((ops, a, b) => ops.add(a, b)) },
  Mean: {
    lower: (context) => [context.ops.scale(chain((ops, a, b) => ops.add(a, b))(context)[0], 1 / context.inputs.length)],
  },
  Max: choice(Math.max, 'Max', 'Greater'),
  Min: choice(Math.min, 'Min', 'Less'),
  /** y = min(max(x, low), high), bounds as inputs or, before opset 11, as attributes. */
  Clip: {
    lower: ({ ops, node, inputs: [x, low, high] }) => {
      const bound = (name: string) => {
        const attribute = node.attributes[name];
        return attribute?.type === 'float' ? ops.scalar(attribute.value) : null;
      };
      const [least, most] = [low ?? bound('min'), high ?? bound('max')];
      const raised = least ? ops.emit('Max', [x as Value, least]) : (x as Value);
      return [most ? ops.emit('Min', [raised, most]) : raised];
    },
  },
  /** y = −x:  dx = −dy */
  Neg: float(
    (x) => -x,
    ({ ops, dy }) => [ops.neg(dy)],
  ),
  /** y = |x|:  dx = dy · sign x */
  Abs: float(Math.abs, ({ ops, x, dy }) => [ops.mul(dy, signOf(ops, x))]),
  Sign: { lower: ({ ops, inputs: [x] }) => [signOf(ops, x as Value)] },
  Floor: step(Math.floor),
  Ceil: step(Math.ceil),
  Round: step(roundHalfToEven),
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
  /** y = sin x:  dx = dy · cos x */
  Sin: {
    ...float(Math.sin, ({ ops, x, dy }) => [ops.mul(dy, ops.emit('Cos', [x]))]),
    lower: lowerAngle('Sin'),
  },
  /** y = cos x:  dx = −dy · sin x */
  Cos: {
    ...float(Math.cos, ({ ops, x, dy }) => [ops.neg(ops.mul(dy, ops.emit('Sin', [x])))]),
    lower: lowerAngle('Cos'),
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
};
