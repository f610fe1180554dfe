/**
 * RMS normalisation (Zhang & Sennrich 2019), layer normalisation (Ba et al. 2016) and their fused forms with a residual.
 * Scale w and bias b are weights and get no gradient.
 */
import { float, floatOf, int, intOf } from '../attributes';
import { MICROSOFT, type Ops } from '../ops';
import type { LowerContext, RuleTable, Value } from '../types';

const DEFAULT_EPSILON = 1e-5;

/** x / √(mean(x²) + ε) · w over the last axis. */
export const rmsNorm = (ops: Ops, x: Value, w: Value, epsilon: number): Value =>
  ops.emit('SimplifiedLayerNormalization', [x, w], { axis: int(-1), epsilon: float(epsilon), stash_type: int(1) });

/** (x − mean(x)) / √(var(x) + ε) · w + b over the last axis. */
const layerNorm = (ops: Ops, x: Value, w: Value, b: Value | null, epsilon: number): Value =>
  ops.emit('LayerNormalization', b ? [x, w, b] : [x, w], {
    axis: int(-1),
    epsilon: float(epsilon),
    stash_type: int(1),
  });

/** @throws RangeError where a normalisation is not over the last axis alone */
function checkAxis({ node, inputs }: LowerContext): void {
  const axis = intOf(node.attributes, 'axis', -1);
  if (axis !== -1 && axis !== (inputs[0] as Value).dims.length - 1)
    throw new RangeError(`normalisation over axis ${axis}`);
}

function lowerRms(context: LowerContext): (Value | null)[] {
  checkAxis(context);
  const [x, w] = context.inputs as [Value, Value];
  return [rmsNorm(context.ops, x, w, floatOf(context.node.attributes, 'epsilon', DEFAULT_EPSILON)), null];
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
  /**
   * y = x̂ · w + b, x̂ = (x − μ) · r, r = 1/√(var(x) + ε):  dx = r · (g − mean(g) − x̂ · mean(g · x̂)),  g = dy · w.
   */
  LayerNormalization: {
    infer: ({ inputs }) => [inputs[0] as Value],
    lower: (context) => {
      checkAxis(context);
      const [x, w, b] = context.inputs as [Value, Value, Value | null | undefined];
      const epsilon = floatOf(context.node.attributes, 'epsilon', DEFAULT_EPSILON);
      return [layerNorm(context.ops, x, w, b ?? null, epsilon), null, null];
    },
    vjp: ({ ops, node, input, grad: [dy] }) => {
      if (!dy) return [null, null, null];
      const [x, w] = input as [Value, Value];
      const mean = (value: Value) => ops.reduce('ReduceMean', value, [-1]);
      const centred = ops.sub(x, mean(x));
      const epsilon = ops.scalar(floatOf(node.attributes, 'epsilon', DEFAULT_EPSILON));
      const r = ops.reciprocal(ops.sqrt(ops.add(mean(ops.mul(centred, centred)), epsilon)));
      const normed = ops.mul(centred, r);
      const g = ops.mul(dy, w);
      const along = ops.mul(normed, mean(ops.mul(g, normed)));
      return [ops.mul(r, ops.sub(ops.sub(g, mean(g)), along)), null, null];
    },
  },
  /** As above, with a mean: outputs the norm, two statistics nobody reads, and the sum that goes on as the residual. */
  [`${MICROSOFT}.SkipLayerNormalization`]: {
    lower: ({ ops, node, inputs }) => {
      const [x, skip, w, b, bias] = inputs as [Value, Value, Value, Value | null | undefined, Value | null | undefined];
      const plain = ops.add(x, skip);
      const sum = bias ? ops.add(plain, bias) : plain;
      return [layerNorm(ops, sum, w, b ?? null, floatOf(node.attributes, 'epsilon', 1e-12)), null, null, sum];
    },
  },
};
