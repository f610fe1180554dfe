/**
 * A prefix in our memory and in PEFT's file. Ours is one array `[layers, 2 (K, V), kvHeads, P, headDim]`: what a layer's
 * attention reads lies together. PEFT's is `[P, layers · 2 · kvHeads · headDim]`: one row for each virtual token.
 */

import type { PrefixGeometry, PrefixValues } from '../tuning';

/** Numbers in a row of PEFT's tensor. */
export function rowLength({ layers, kvHeads, headDim }: PrefixGeometry): number {
  return layers * 2 * kvHeads * headDim;
}

/** → `[P, layers · 2 · kvHeads · headDim]` */
export function toPeftRows({ geometry, length, values }: PrefixValues): Float32Array {
  const rows = new Float32Array(values.length);
  eachHead(geometry, length, (ours, peft) => rows.set(values.subarray(ours, ours + geometry.headDim), peft));
  return rows;
}

/** `[P, layers · 2 · kvHeads · headDim]` → ours */
export function fromPeftRows(rows: Float32Array, geometry: PrefixGeometry, length: number): PrefixValues {
  const values = new Float32Array(rows.length);
  eachHead(geometry, length, (ours, peft) => values.set(rows.subarray(peft, peft + geometry.headDim), ours));
  return { method: 'prefix', geometry, length, values };
}

/** Offsets of each vector of `headDim` numbers in both layouts. */
function eachHead(geometry: PrefixGeometry, length: number, visit: (ours: number, peft: number) => void): void {
  const { kvHeads, headDim } = geometry;
  // One head of K or V of one layer after the other, in both layouts.
  const heads = geometry.layers * 2 * kvHeads;
  for (let head = 0; head < heads; head++) {
    for (let t = 0; t < length; t++) visit((head * length + t) * headDim, (t * heads + head) * headDim);
  }
}
