/** Activation functions, opened into elementwise primitives that have rules of their own. */
import { textOf } from '../attributes';
import { MICROSOFT, type Ops } from '../ops';
import type { LowerContext, RuleTable, Value } from '../types';

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

export const activations: RuleTable = {
  Gelu: {
    lower: ({ ops, node, inputs }) => [
      (textOf(node.attributes, 'approximate', 'none') === 'tanh' ? geluTanh : geluExact)(ops, inputs[0] as Value),
    ],
  },
  [`${MICROSOFT}.Gelu`]: { lower: ({ ops, inputs }) => [geluExact(ops, inputs[0] as Value)] },
  [`${MICROSOFT}.BiasGelu`]: { lower: (context) => [geluExact(context.ops, biased(context))] },
  [`${MICROSOFT}.FastGelu`]: { lower: (context) => [geluTanh(context.ops, biased(context))] },
};
