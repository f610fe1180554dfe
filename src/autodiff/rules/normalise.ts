/**
 * RMS normalisation (Zhang & Sennrich 2019) and its fused forms with a residual. The scale w is a weight and gets no
 * gradient.
 */
import { float, floatOf, int, intOf } from '../attributes';
import { MICROSOFT, type Ops } from '../ops';
import type { LowerContext, RuleTable, Value } from '../types';

const DEFAULT_EPSILON = 1e-5;

/** x / √(mean(x²) + ε) · w over the last axis. */
export const rmsNorm = (ops: Ops, x: Value, w: Value, epsilon: number): Value =>
  ops.emit('SimplifiedLayerNormalization', [x, w], { axis: int(-1), epsilon: float(epsilon), stash_type: int(1) });

function lowerRms({ ops, node, inputs }: LowerContext): (Value | null)[] {
  const [x, w] = inputs as [Value, Value];
  const axis = intOf(node.attributes, 'axis', -1);
  if (axis !== -1 && axis !== x.dims.length - 1) throw new RangeError(`normalisation over axis ${axis}`);
  return [rmsNorm(ops, x, w, floatOf(node.attributes, 'epsilon', DEFAULT_EPSILON)), null];
}

export const normalise: RuleTable = {
  /**
   * y = x · r · w, r = 1/√(mean(x²) + ε):  dx = r · g − x · r³ · mean(g · x),  g = dy · w.
   * An ONNX Runtime operator that it keeps in the ai.onnx domain.
   */
  SimplifiedLayerNormalization: {
    infer: ({ inputs }) => [inputs[0] as Value],
    lower: lowerRms,
    vjp: ({ ops, node, input, grad: [dy] }) => {
      if (!dy) return [null, null];
      const [x, w] = input as [Value, Value];
      const epsilon = ops.scalar(floatOf(node.attributes, 'epsilon', DEFAULT_EPSILON));
      const meanSquare = ops.reduce('ReduceMean', ops.mul(x, x), [-1]);
      const r = ops.reciprocal(ops.sqrt(ops.add(meanSquare, epsilon)));
      const g = ops.mul(dy, w);
      const along = ops.reduce('ReduceMean', ops.mul(g, x), [-1]);
      const r2 = ops.mul(r, r);
      return [ops.mul(r, ops.sub(g, ops.mul(x, ops.mul(r2, along)))), null];
    },
  },
  RMSNormalization: { lower: lowerRms },
  /** Outputs: the norm, two statistics nobody reads, and the sum input + skip (+ bias) that goes on as the residual. */
  [`${MICROSOFT}.SkipSimplifiedLayerNormalization`]: {
    lower: ({ ops, node, inputs }) => {
      const [x, skip, w, bias] = inputs as [Value, Value, Value, Value | null | undefined];
      const plain = ops.add(x, skip);
      const sum = bias ? ops.add(plain, bias) : plain;
      return [rmsNorm(ops, sum, w, floatOf(node.attributes, 'epsilon', DEFAULT_EPSILON)), null, null, sum];
    },
  },
};
