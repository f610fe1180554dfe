/**
 * Matrix products: MatMul, com.microsoft.FusedMatMul, Gemm. All follow from Y = A·B:  dA = dY·Bᵀ, dB = Aᵀ·dY, with
 * transposition flags moved around instead of transposing, and gradients summed over broadcast leading axes.
 */
import { float, floatOf, int, intOf } from '../attributes';
import type { MatMulOptions, Ops } from '../ops';
import { MICROSOFT } from '../ops';
import { broadcastDims, dimAt, sizeOf } from '../shapes';
import type { Attributes, InferContext, LowerContext, OperatorRule, RuleTable, Value, VjpContext } from '../types';

const flagsOf = (attributes: VjpContext['node']['attributes']): Required<MatMulOptions> => ({
  transA: intOf(attributes, 'transA', 0) !== 0,
  transB: intOf(attributes, 'transB', 0) !== 0,
  alpha: floatOf(attributes, 'alpha', 1),
});

function inferProduct({ inputs, attributes }: InferContext) {
  const [a, b] = inputs as [Value, Value];
  const { transA, transB } = flagsOf(attributes);
  const [m, ka] = transA ? [dimAt(a.dims, -1), dimAt(a.dims, -2)] : [dimAt(a.dims, -2), dimAt(a.dims, -1)];
  const [kb, n] = transB ? [dimAt(b.dims, -1), dimAt(b.dims, -2)] : [dimAt(b.dims, -2), dimAt(b.dims, -1)];
  if (ka !== kb) throw new RangeError(`[${a.dims.join(', ')}] times [${b.dims.join(', ')}]`);
  return [{ dataType: a.dataType, dims: [...broadcastDims(a.dims.slice(0, -2), b.dims.slice(0, -2)), m, n] }];
}

/** dX of Y = X·op(W) for a matrix W: one Gemm over all rows, whatever the rank of X. */
const throughMatrix = (ops: Ops, dy: Value, w: Value, transB: boolean, alpha: number): Value =>
  ops.scale(ops.linear(dy, w, !transB), alpha);

function productGradients({ ops, node, input, grad: [dy], needs }: VjpContext): readonly (Value | null)[] {
  const [a, b] = input as [Value, Value];
  if (!dy) return [null, null];
  const { transA, transB, alpha } = flagsOf(node.attributes);
  const da = (): Value => {
    if (!transA && b.dims.length === 2) return throughMatrix(ops, dy, b, transB, alpha);
    return transA
      ? ops.matmul(b, dy, { transA: transB, transB: true, alpha })
      : ops.matmul(dy, b, { transB: !transB, alpha });
  };
  const db = (): Value =>
    transB ? ops.matmul(dy, a, { transA: true, transB: transA, alpha }) : ops.matmul(a, dy, { transA: !transA, alpha });
  return [needs(0) ? ops.sumTo(da(), a.dims) : null, needs(1) ? ops.sumTo(db(), b.dims) : null];
}

const product: OperatorRule = { infer: inferProduct, vjp: productGradients };

/** A vector on the left is a row, one on the right a column; the axis that this adds goes again. */
function lowerMatMul(ops: Ops, a: Value, b: Value): Value {
  const [row, column] = [a.dims.length === 1, b.dims.length === 1];
  const left = row ? ops.reshape(a, [1, -1]) : a;
  const right = column ? ops.reshape(b, [-1, 1]) : b;
  const y = right.dims.length === 2 ? ops.linear(left, right, false) : ops.matmul(left, right);
  const lead = y.dims.slice(0, -2);
  return ops.reshape(y, [...lead, ...(row ? [] : [dimAt(y.dims, -2)]), ...(column ? [] : [dimAt(y.dims, -1)])]);
}

/** transBatchA and transBatchB: [d0, batch…, d] → [batch…, d0, d]. */
function batchFirst(ops: Ops, x: Value, attributes: Attributes, name: string): Value {
  const last = x.dims.length - 1;
  if (intOf(attributes, name, 0) === 0 || last < 2) return x;
  return ops.transpose(x, [...x.dims.slice(1, last).map((_, i) => i + 1), 0, last]);
}

/** Gemm with its C inside where every row gets the same, since that is one operator; else C is added afterwards. */
function lowerGemm({ ops, node, inputs }: LowerContext): Value[] {
  const [a, b, c] = inputs as [Value, Value, Value | null | undefined];
  const { transA, transB, alpha } = flagsOf(node.attributes);
  const flags = { transA: int(transA ? 1 : 0), transB: int(transB ? 1 : 0), alpha: float(alpha) };
  const beta = floatOf(node.attributes, 'beta', 1);
  if (!c || beta === 0) return [ops.emit('Gemm', [a, b, null], flags)];
  if (sizeOf(c.dims) === (c.dims.at(-1) ?? 1)) return [ops.emit('Gemm', [a, b, c], { ...flags, beta: float(beta) })];
  return [ops.add(ops.emit('Gemm', [a, b, null], flags), ops.scale(c, beta))];
}

export const matmul: RuleTable = {
  /** Y = A·B:  dA = dY·Bᵀ, dB = Aᵀ·dY */
  MatMul: { ...product, lower: ({ ops, inputs }) => [lowerMatMul(ops, inputs[0] as Value, inputs[1] as Value)] },
  /** Y = alpha·op(A)·op(B) */
  [`${MICROSOFT}.FusedMatMul`]: {
    ...product,
    lower: ({ ops, node, inputs }) => {
      const [a, b] = inputs as [Value, Value];
      const left = batchFirst(ops, a, node.attributes, 'transBatchA');
      return [ops.matmul(left, batchFirst(ops, b, node.attributes, 'transBatchB'), flagsOf(node.attributes))];
    },
  },
  /** Y = alpha·op(A)·op(B) + beta·C, all matrices:  dC = beta·dY summed to C's shape */
  Gemm: {
    infer: inferProduct,
    lower: lowerGemm,
    vjp: (context) => {
      const { ops, node, input, grad, needs } = context;
      const [a, b, c] = input;
      const dy = grad[0];
      if (!dy || !a || !b) return [null, null, null];
      const { transA, transB, alpha } = flagsOf(node.attributes);
      const gemm = (x: Value, y: Value, tx: boolean, ty: boolean) =>
        ops.scale(ops.emit('Gemm', [x, y, null], { transA: int(tx ? 1 : 0), transB: int(ty ? 1 : 0) }), alpha);
      return [
        needs(0) ? (transA ? gemm(b, dy, transB, true) : gemm(dy, b, false, !transB)) : null,
        needs(1) ? (transB ? gemm(dy, a, true, transA) : gemm(a, dy, !transA, false)) : null,
        c && needs(2) ? ops.sumTo(ops.scale(dy, floatOf(node.attributes, 'beta', 1)), c.dims) : null,
      ];
    },
  },
};
