/**
 * RMS normalisation (Zhang & Sennrich 2019), layer normalisation (Ba et al. 2016) and their fused forms with a residual.
 * All are over the last axis: where a file normalises over several, they are made one first.
 */
import { float, floatOf, int, intOf } from '../attributes';
import { MICROSOFT, type Ops } from '../ops';
import { axisOf, sizeOf } from '../shapes';
import type { LowerContext, RuleTable, Value, VjpContext } from '../types';

type Optional = Value | null | undefined;

const DEFAULT_EPSILON = 1e-5;

const attributesOf = (epsilon: number) => ({ axis: int(-1), epsilon: float(epsilon), stash_type: int(1) });

/** x / √(mean(x²) + ε) · w over the last axis. */
export const rmsNorm = (ops: Ops, x: Value, w: Value, epsilon: number): Value =>
  ops.emit('SimplifiedLayerNormalization', [x, w], attributesOf(epsilon));

/** (x − mean(x)) / √(var(x) + ε) · w + b over the last axis. */
const layerNorm = (ops: Ops, x: Value, w: Value, b: Optional, epsilon: number): Value =>
  ops.emit('LayerNormalization', b ? [x, w, b] : [x, w], attributesOf(epsilon));

const meanOf = (ops: Ops, x: Value): Value => ops.reduce('ReduceMean', x, [-1]);

/** 1 / √(mean(x²) + ε), [..., 1] */
const inverseRms = (ops: Ops, x: Value, epsilon: number): Value =>
  ops.reciprocal(ops.sqrt(ops.add(meanOf(ops, ops.mul(x, x)), ops.scalar(epsilon))));

const centredOn = (ops: Ops, x: Value): Value => ops.sub(x, meanOf(ops, x));

/** Normalises with the axes from `axis` on as one; `make` gets x [..., width] and the parameters [width]. */
function overLast(
  { ops, node, inputs }: LowerContext,
  make: (x: Value, w: Value, b: Optional) => readonly Value[],
): readonly Value[] {
  const [x, w, b] = inputs as [Value, Value, Optional];
  const axis = axisOf(intOf(node.attributes, 'axis', -1), x.dims.length);
  if (axis === x.dims.length - 1) return make(x, w, b);
  const width = sizeOf(x.dims.slice(axis));
  const flat = (value: Value) => ops.reshape(value, [sizeOf(value.dims)]);
  const [y, ...statistics] = make(ops.reshape(x, [...x.dims.slice(0, axis), width]), flat(w), b && flat(b));
  const ones = x.dims.slice(axis).map(() => 1);
  return [
    ops.reshape(y as Value, x.dims),
    ...statistics.map((value) => ops.reshape(value, [...x.dims.slice(0, axis), ...ones])),
  ];
}

const epsilonOf = ({ node }: LowerContext | VjpContext, fallback = DEFAULT_EPSILON): number =>
  floatOf(node.attributes, 'epsilon', fallback);

const lowerRms = (context: LowerContext): readonly Value[] =>
  overLast(context, (x, w) => {
    const epsilon = epsilonOf(context);
    const y = rmsNorm(context.ops, x, w, epsilon);
    return context.node.outputs[1] ? [y, inverseRms(context.ops, x, epsilon)] : [y];
  });

/** The statistics of layer normalisation that a node asks for: mean and 1/√(var + ε). */
const statistics = ({ ops, node }: LowerContext, x: Value, epsilon: number): Value[] =>
  node.outputs[1] || node.outputs[2] ? [meanOf(ops, x), inverseRms(ops, centredOn(ops, x), epsilon)] : [];

/** input + skip + bias, which the norm is of and which goes on as the residual. */
function residual(ops: Ops, x: Value, skip: Value, bias: Optional): Value {
  const sum = ops.add(x, skip);
  return bias ? ops.add(sum, bias) : sum;
}

/** Gradients of y = x̂ · w + b from dy and x̂: dw = Σ dy · x̂, db = Σ dy, where anything trainable reaches them. */
function parameterGradients({ ops, input: [, w, b], grad, needs }: VjpContext, normed: () => Value): (Value | null)[] {
  const dy = grad[0] as Value;
  return [
    w && needs(1) ? ops.sumTo(ops.mul(dy, normed()), w.dims) : null,
    b && needs(2) ? ops.sumTo(dy, b.dims) : null,
  ];
}

export const normalise: RuleTable = {
  /**
   * y = x · r · w, r = 1/√(mean(x²) + ε):  dx = r · (g − x · r² · mean(g · x)),  g = dy · w.
   * An ONNX Runtime operator that it keeps in the ai.onnx domain.
   */
  SimplifiedLayerNormalization: {
    infer: ({ inputs }) => [inputs[0] as Value],
    lower: lowerRms,
    vjp: (context) => {
      const { ops, input, grad } = context;
      const dy = grad[0];
      if (!dy) return [null, null];
      const [x, w] = input as [Value, Value];
      const r = inverseRms(ops, x, epsilonOf(context));
      const g = ops.mul(dy, w);
      const along = meanOf(ops, ops.mul(g, x));
      const r2 = ops.mul(r, r);
      const dx = ops.mul(r, ops.sub(g, ops.mul(x, ops.mul(r2, along))));
      return [dx, ...parameterGradients(context, () => ops.mul(x, r)).slice(0, 1)];
    },
  },
  RMSNormalization: { lower: lowerRms },
  /** Outputs: the norm, the mean (none here), 1/√(mean(x²) + ε), and the sum that goes on as the residual. */
  [`${MICROSOFT}.SkipSimplifiedLayerNormalization`]: {
    lower: (context) => {
      const { ops, node, inputs } = context;
      const [x, skip, w, bias] = inputs as [Value, Value, Value, Optional];
      const sum = residual(ops, x, skip, bias);
      const epsilon = epsilonOf(context);
      return [rmsNorm(ops, sum, w, epsilon), null, node.outputs[2] ? inverseRms(ops, sum, epsilon) : null, sum];
    },
  },
  /**
   * y = x̂ · w + b, x̂ = (x − μ) · r, r = 1/√(var(x) + ε):  dx = r · (g − mean(g) − x̂ · mean(g · x̂)),  g = dy · w.
   */
  LayerNormalization: {
    infer: ({ inputs }) => [inputs[0] as Value],
    lower: (context) =>
      overLast(context, (x, w, b) => {
        const epsilon = epsilonOf(context);
        return [layerNorm(context.ops, x, w, b, epsilon), ...statistics(context, x, epsilon)];
      }),
    vjp: (context) => {
      const { ops, input, grad } = context;
      const dy = grad[0];
      if (!dy) return [null, null, null];
      const [x, w] = input as [Value, Value];
      const centred = centredOn(ops, x);
      const r = inverseRms(ops, centred, epsilonOf(context));
      const normed = ops.mul(centred, r);
      const g = ops.mul(dy, w);
      const along = ops.mul(normed, meanOf(ops, ops.mul(g, normed)));
      const dx = ops.mul(r, ops.sub(ops.sub(g, meanOf(ops, g)), along));
      return [dx, ...parameterGradients(context, () => normed)];
    },
  },
  /** Outputs: the norm, the statistics, and the sum that goes on as the residual. */
  [`${MICROSOFT}.SkipLayerNormalization`]: {
    lower: (context) => {
      const { ops, inputs } = context;
      const [x, skip, w, b, bias] = inputs as [Value, Value, Value, Optional, Optional];
      const sum = residual(ops, x, skip, bias);
      const epsilon = epsilonOf(context, 1e-12);
      const [mean = null, deviation = null] = statistics(context, sum, epsilon);
      return [layerNorm(ops, sum, w, b, epsilon), mean, deviation, sum];
    },
  },
};
