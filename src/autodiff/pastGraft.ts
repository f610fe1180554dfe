/**
 * Keys and values in front of every layer's own, in the decoder's past inputs: the graft of prefix-tuning as it stands,
 * and the last part of every graft that computes a prefix.
 */
import type { Decoder } from './decoder';
import type { Graft } from './graft';
import type { Ops } from './ops';
import { prefixReaching } from './reach';
import { sizeOf } from './shapes';
import type { Value } from './types';

/** Elements of a prefix of length P: layers · 2 · kvHeads · P · headDim. */
export const prefixSize = (decoder: Decoder, length: number): number =>
  decoder.layers.reduce((sum, { kvHeads, headDim }) => sum + 2 * kvHeads * length * headDim, 0);

/** @param prefix [layers · 2 · kvHeads · P · headDim]. @returns every layer's past, one copy per row of the batch */
export function pastsOf(ops: Ops, decoder: Decoder, prefix: Value, batch: number, length: number): Map<string, Value> {
  const shapes = decoder.layers.flatMap(({ kvHeads, headDim }) => {
    const dims = [1, kvHeads, length, headDim];
    return [dims, dims];
  });
  const parts = ops.split(prefix, 0, shapes.map(sizeOf));
  const past = (i: number) => {
    const dims = shapes[i] as number[];
    return ops.expand(ops.reshape(parts[i] as Value, dims), [batch, ...dims.slice(1)]);
  };
  return new Map(
    decoder.layers.flatMap(({ pastKey, pastValue }, layer) => [
      [pastKey, past(2 * layer)] as const,
      [pastValue, past(2 * layer + 1)] as const,
    ]),
  );
}

export function pastGraft(decoder: Decoder, length: number): Graft {
  return {
    key: `prefix ${length}`,
    size: prefixSize(decoder, length),
    frozen: 0,
    past: length,
    inserted: 0,
    isPrefix: true,
    noise: () => 0,
    reaching: (node) => prefixReaching(decoder, node),
    onto: (ops, { trainable, batch }) => ({ pasts: pastsOf(ops, decoder, trainable, batch, length) }),
  };
}
