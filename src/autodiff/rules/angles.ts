/**
 * Sine and cosine where the device's own are too coarse (WGSL promises an absolute error of 2⁻¹¹, and nothing beyond ±π):
 * the argument is reduced to [−π/4, π/4] in three exact parts (Cody & Waite 1980) and polynomials do the rest (the
 * coefficients are those of Cephes' sinf and cosf). Good to float32 up to positions of about 100,000.
 */
import type { Ops } from '../ops';
import type { LowerContext, Value } from '../types';

/** π/2 as a sum whose first part has so few bits that its products with whole numbers are exact. */
const HALF_PI = [1.5703125, 4.837512969970703e-4, 7.549789948768648e-8] as const;

/** x · (((c₀ · x) + c₁) · x + …): a polynomial by Horner's scheme, highest power first. */
function polynomial(ops: Ops, x: Value, coefficients: readonly number[]): Value {
  const [highest, ...rest] = coefficients as [number, ...number[]];
  return rest.reduce((sum, c) => ops.add(ops.mul(sum, x), ops.scalar(c)), ops.scalar(highest));
}

const floor = (ops: Ops, x: Value): Value => ops.emit('Floor', [x]);

/** x modulo a whole number, of whole numbers. */
const modulo = (ops: Ops, x: Value, by: number): Value => ops.sub(x, ops.scale(floor(ops, ops.scale(x, 1 / by)), by));

/** sin(x + quarters · π/2) */
function sine(ops: Ops, x: Value, quarters: number): Value {
  const turns = floor(ops, ops.add(ops.scale(x, 2 / Math.PI), ops.scalar(0.5)));
  const r = HALF_PI.reduce((rest, part) => ops.sub(rest, ops.scale(turns, part)), x);
  const r2 = ops.mul(r, r);
  const sinR = ops.add(
    r,
    ops.mul(ops.mul(r, r2), polynomial(ops, r2, [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1])),
  );
  const cosTail = polynomial(ops, r2, [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2]);
  const cosR = ops.add(ops.sub(ops.scalar(1), ops.scale(r2, 0.5)), ops.mul(ops.mul(r2, r2), cosTail));
  // sin r, cos r, −sin r, −cos r in turn
  const quadrant = modulo(ops, ops.add(turns, ops.scalar(quarters)), 4);
  const odd = modulo(ops, quadrant, 2);
  const sign = ops.sub(ops.scalar(1), ops.scale(floor(ops, ops.scale(quadrant, 0.5)), 2));
  return ops.mul(sign, ops.add(sinR, ops.mul(odd, ops.sub(cosR, sinR))));
}

/** Sin (no quarter ahead) or Cos (one quarter ahead) of a node of the file. */
export const lowerAngle =
  (opType: 'Sin' | 'Cos') =>
  ({ ops, inputs }: LowerContext): Value[] => {
    const x = inputs[0] as Value;
    if (x.literal || ops.target.preciseAngles) return [ops.emit(opType, [x])];
    return [sine(ops, x, opType === 'Sin' ? 0 : 1)];
  };
