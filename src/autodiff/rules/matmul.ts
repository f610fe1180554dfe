/**
 * Matrix products: MatMul, com.microsoft.FusedMatMul, Gemm. All follow from Y = A·B:  dA = dY·Bᵀ, dB = Aᵀ·dY, with
 * transposition flags moved around instead of transposing, and gradients summed over broadcast leading axes.
 */
import { floatOf, int, intOf } from '../attributes';
import type { MatMulOptions, Ops } from '../ops';
import { MICROSOFT } from '../ops';
import { broadcastDims, dimAt } from '../shapes';
import type { InferContext, OperatorRule, RuleTable, Value, VjpContext } from '../types';

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

export const matmul: RuleTable = {
  /** Y = A·B:  dA = dY·Bᵀ, dB = Aᵀ·dY */
  MatMul: {
    ...product,
    lower: ({ ops, inputs }) => {
      const [a, b] = inputs as [Value, Value];
      return [b.dims.length === 2 && a.dims.length >= 2 ? ops.linear(a, b, false) : ops.matmul(a, b)];
    },
  },
  /** Y = alpha·op(A)·op(B) */
  [`${MICROSOFT}.FusedMatMul`]: product,
  /** Y = alpha·op(A)·op(B) + beta·C, all matrices:  dC = beta·dY summed to C's shape */
  Gemm: {
    infer: inferProduct,
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
