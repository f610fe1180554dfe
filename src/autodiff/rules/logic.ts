/** Comparisons, tests and choices: what masks are made of. Only `Where` has a gradient. */
import { intOf } from '../attributes';
import type { Ops } from '../ops';
import { broadcastDims } from '../shapes';
import type { RuleTable, TensorType, Value } from '../types';
import { evaluateWith, inferBroadcast, predicate } from './pointwise';

const not = (ops: Ops, a: Value): Value => ops.emit('Not', [a]);
const and = (ops: Ops, a: Value, b: Value): Value => ops.emit('And', [a, b]);
/** a ∨ b = ¬(¬a ∧ ¬b), since ONNX Runtime has no Or on WebGPU. */
const or = (ops: Ops, a: Value, b: Value): Value => not(ops, and(ops, not(ops, a), not(ops, b)));

/** A condition that is the same everywhere has chosen already. */
function settled({ literal }: Value): boolean | null {
  if (!literal || literal.length === 0) return null;
  const first = Boolean(literal[0]);
  return Array.from(literal).every((x) => Boolean(x) === first) ? first : null;
}

/** What a value is the softmax of, if it is one: of `scores + bias` the bias where that is known, since the sum is −∞ with it. */
function scoresOf({ source }: Value): Value | null {
  if (source.kind !== 'node' || source.node.opType !== 'Softmax') return null;
  const scores = source.node.inputs[0] as Value;
  const terms = scores.source.kind === 'node' && scores.source.node.opType === 'Add' ? scores.source.node.inputs : [];
  return terms.find((term) => term?.literal) ?? scores;
}

export const logic: RuleTable = {
  /** y = c ? a : b:  da = c ? dy : 0, db = c ? 0 : dy */
  Where: {
    infer: (context) => [
      { dataType: (context.inputs[1] as Value).dataType, dims: (inferBroadcast(context)[0] as TensorType).dims },
    ],
    evaluate: evaluateWith((c, a = 0, b = 0) => (c ? a : b)),
    lower: ({ ops, inputs }) => {
      const [condition, a, b] = inputs as [Value, Value, Value];
      const choice = settled(condition);
      if (choice !== null) {
        const dims = [condition, a, b].map((value) => value.dims).reduce(broadcastDims);
        return [ops.expand(choice ? a : b, dims)];
      }
      if (a.dataType !== 'bool') return [ops.where(condition, a, b)];
      // ONNX Runtime has no Where of booleans on wasm.
      return [or(ops, and(ops, condition, a), and(ops, not(ops, condition), b))];
    },
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
  /**
   * PyTorch's exporter asks it of a softmax, whose row is NaN where every score is −∞; told from the scores, since ONNX
   * Runtime has no IsNaN on WebGPU, and where the mask is known there is nothing left to ask.
   */
  IsNaN: {
    ...predicate(Number.isNaN),
    lower: ({ ops, inputs }) => {
      const x = inputs[0] as Value;
      const scores = scoresOf(x);
      if (!scores) return [ops.emit('IsNaN', [x])];
      return [ops.equal(ops.reduce('ReduceMax', scores, [-1]), ops.scalar(Number.NEGATIVE_INFINITY))];
    },
  },
  /** x = ∞ or x = −∞, unless an attribute leaves one of them out. */
  IsInf: {
    lower: ({ ops, node, inputs: [x] }) => {
      const is = (sign: 'positive' | 'negative', limit: number): Value[] =>
        intOf(node.attributes, `detect_${sign}`, 1) ? [ops.equal(x as Value, ops.scalar(limit))] : [];
      const tests = [...is('positive', Number.POSITIVE_INFINITY), ...is('negative', Number.NEGATIVE_INFINITY)];
      const never = () => ops.expand(ops.scalar(0, 'bool'), (x as Value).dims);
      return [tests.length === 0 ? never() : tests.reduce((a, b) => or(ops, a, b))];
    },
  },
  Equal: predicate((a, b) => a === b),
  Less: predicate((a, b = 0) => a < b),
  LessOrEqual: predicate((a, b = 0) => a <= b),
  Greater: predicate((a, b = 0) => a > b),
  GreaterOrEqual: predicate((a, b = 0) => a >= b),
  And: predicate((a, b) => Boolean(a && b)),
  Not: predicate((a) => !a),
  Or: { lower: ({ ops, inputs }) => [or(ops, inputs[0] as Value, inputs[1] as Value)] },
  /** a ⊻ b = (a ∨ b) ∧ ¬(a ∧ b) */
  Xor: {
    lower: ({ ops, inputs }) => {
      const [a, b] = inputs as [Value, Value];
      return [and(ops, or(ops, a, b), not(ops, and(ops, a, b)))];
    },
  },
};
