/** Activation functions. Most open into elementwise primitives, which have rules of their own. */
import { floatOf, textOf } from '../attributes';
import { MICROSOFT, type Ops } from '../ops';
import type { LowerContext, OperatorRule, RuleTable, Value } from '../types';
import { float } from './pointwise';

/** x/2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³))), Hendrycks & Gimpel 2016. */
function geluTanh(ops: Ops, x: Value): Value {
  const cubic = ops.scale(ops.mul(ops.mul(x, x), x), 0.044715);
  const inner = ops.tanh(ops.scale(ops.add(x, cubic), Math.sqrt(2 / Math.PI)));
  return ops.mul(ops.scale(x, 0.5), ops.add(inner, ops.scalar(1)));
}

/** x/2 · (1 + erf(x/√2)). */
function geluExact(ops: Ops, x: Value): Value {
  const erf = ops.emit('Erf', [ops.scale(x, Math.SQRT1_2)]);
  return ops.mul(ops.scale(x, 0.5), ops.add(erf, ops.scalar(1)));
}

/** The bias of BiasGelu and FastGelu is added first. */
const biased = ({ ops, inputs: [x, bias] }: LowerContext): Value => (bias ? ops.add(x as Value, bias) : (x as Value));

/** x · σ(α · x), Ramachandran et al. 2017; α = 1 is SiLU, α = 1.702 a quick GELU. */
const swish = (ops: Ops, x: Value, alpha: number): Value => ops.mul(x, ops.emit('Sigmoid', [ops.scale(x, alpha)]));

const positive = (ops: Ops, x: Value): Value => ops.emit('Greater', [x, ops.scalar(0)]);
const atMostZero = (ops: Ops, x: Value): Value => ops.emit('Min', [x, ops.scalar(0)]);
const softplus = (ops: Ops, x: Value): Value => ops.emit('Softplus', [x]);

/** min(max(α · x + β, 0), 1) */
function hardSigmoid(ops: Ops, x: Value, alpha: number, beta: number): Value {
  const line = ops.add(ops.scale(x, alpha), ops.scalar(beta));
  return ops.emit('Min', [ops.emit('Max', [line, ops.scalar(0)]), ops.scalar(1)]);
}

/** x > 0 ? x : α · (e^x − 1). The exponent never grows, or its infinity would reach the gradient of the other side. */
function elu(ops: Ops, x: Value, alpha: number): Value {
  const below = ops.scale(ops.sub(ops.exp(atMostZero(ops, x)), ops.scalar(1)), alpha);
  return ops.where(positive(ops, x), x, below);
}

/** A function of one operand with float attributes. */
const opens = (
  make: (ops: Ops, x: Value, attribute: (name: string, fallback: number) => number) => Value,
): OperatorRule => ({
  lower: ({ ops, node, inputs }) => [
    make(ops, inputs[0] as Value, (name, fallback) => floatOf(node.attributes, name, fallback)),
  ],
});

export const activations: RuleTable = {
  /** y = σ(x):  dx = dy · y · (1 − y) */
  Sigmoid: float(
    (x) => 1 / (1 + Math.exp(-x)),
    ({ ops, out, dy }) => [ops.mul(dy, ops.mul(out, ops.sub(ops.scalar(1), out)))],
  ),
  /** y = tanh x:  dx = dy · (1 − y²) */
  Tanh: float(Math.tanh, ({ ops, out, dy }) => [ops.mul(dy, ops.sub(ops.scalar(1), ops.mul(out, out)))]),
  /** y = max(x, 0):  dx = x > 0 ? dy : 0 */
  Relu: float(
    (x) => Math.max(x, 0),
    ({ ops, x, dy }) => [ops.where(positive(ops, x), dy, ops.scalar(0))],
  ),
  /** y = ln(1 + e^x):  dx = dy · σ(x) */
  Softplus: float(
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    ({ ops, x, dy }) => [ops.mul(dy, ops.emit('Sigmoid', [x]))],
  ),
  Gelu: {
    lower: ({ ops, node, inputs }) => [
      (textOf(node.attributes, 'approximate', 'none') === 'tanh' ? geluTanh : geluExact)(ops, inputs[0] as Value),
    ],
  },
  [`${MICROSOFT}.Gelu`]: { lower: ({ ops, inputs }) => [geluExact(ops, inputs[0] as Value)] },
  [`${MICROSOFT}.BiasGelu`]: { lower: (context) => [geluExact(context.ops, biased(context))] },
  [`${MICROSOFT}.FastGelu`]: { lower: (context) => [geluTanh(context.ops, biased(context))] },
  [`${MICROSOFT}.QuickGelu`]: opens((ops, x, attribute) => swish(ops, x, attribute('alpha', 1.702))),
  Swish: opens((ops, x, attribute) => swish(ops, x, attribute('alpha', 1))),
  LeakyRelu: opens((ops, x, attribute) => ops.where(positive(ops, x), x, ops.scale(x, attribute('alpha', 0.01)))),
  PRelu: { lower: ({ ops, inputs: [x, slope] }) => [prelu(ops, x as Value, slope as Value)] },
  Elu: opens((ops, x, attribute) => elu(ops, x, attribute('alpha', 1))),
  Selu: opens((ops, x, attribute) =>
    ops.scale(elu(ops, x, attribute('alpha', 1.6732632)), attribute('gamma', 1.0507009)),
  ),
  HardSigmoid: opens((ops, x, attribute) => hardSigmoid(ops, x, attribute('alpha', 0.2), attribute('beta', 0.5))),
  HardSwish: opens((ops, x) => ops.mul(x, hardSigmoid(ops, x, 1 / 6, 0.5))),
  Mish: opens((ops, x) => ops.mul(x, ops.tanh(softplus(ops, x)))),
};

const prelu = (ops: Ops, x: Value, slope: Value): Value => ops.where(positive(ops, x), x, ops.mul(x, slope));
