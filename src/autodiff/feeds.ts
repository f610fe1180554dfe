/** What a decoder's own inputs are fed: the text, its past, and the inputs that a graft adds. */
import type { Decoder } from './decoder';
import type { AttentionLayout } from './decoderContext';
import type { Graft } from './graft';
import { cacheType, names } from './names';
import type { Ops } from './ops';
import type { Value } from './types';

/** What a decoder is fed beside its past. */
interface Text {
  /** int64 [batch, tokens] */
  readonly ids: Value;
  readonly layout: AttentionLayout;
  /** int64 [batch, cache + tokens]; absent: every slot counts. */
  readonly mask?: Value;
}

export function textFeeds(ops: Ops, decoder: Decoder, { ids, layout, mask }: Text): Map<string, Value> {
  const feeds = new Map<string, Value>([[decoder.inputIds, ids]]);
  const slots = layout.keyPositions.dims[1] as number;
  if (decoder.attentionMask) feeds.set(decoder.attentionMask, mask ?? fullMask(ops, ids.dims[0] as number, slots));
  if (decoder.positionIds) feeds.set(decoder.positionIds, layout.positions);
  if (decoder.useCacheBranch) feeds.set(decoder.useCacheBranch, ops.builder.literal('bool', [1], [1]));
  if (decoder.logitsToKeep) feeds.set(decoder.logitsToKeep, ops.scalar(0, 'int64'));
  return feeds;
}

export const idsInput = (ops: Ops, batch: number, tokens: number): Value =>
  ops.builder.input(names.ids, 'int64', [batch, tokens]);

const fullMask = (ops: Ops, batch: number, width: number): Value =>
  ops.builder.literal('int64', [batch, width], new Uint8Array(batch * width).fill(1));

/** Pasts of no slots: the text is all there is. */
export const noPasts = (ops: Ops, decoder: Decoder, batch: number): Map<string, Value> =>
  new Map(
    decoder.layers.flatMap(({ pastKey, pastValue, kvHeads, headDim }) => {
      const none = ops.builder.literal('float32', [batch, kvHeads, 0, headDim], []);
      return [[pastKey, none] as const, [pastValue, none] as const];
    }),
  );

/** Declares a graft's inputs and puts it onto the graph. */
export function graftOnto(
  ops: Ops,
  graft: Graft,
  { batch, tokens, noise }: { batch: number; tokens: number; noise: number },
) {
  const input = (name: string, size: number) => ops.builder.input(name, 'float32', [size]);
  const trainable = input(names.trainable, graft.size);
  const grafted = graft.onto(ops, {
    trainable,
    frozen: graft.frozen > 0 ? input(names.frozen, graft.frozen) : null,
    noise: noise > 0 ? input(names.noise, noise) : null,
    batch,
    tokens,
  });
  return { trainable, grafted };
}

/** Inputs `cache.{layer}.key|value` as the layers' pasts. */
export function cachedPasts(ops: Ops, decoder: Decoder, batch: number, cache: number): Map<string, Value> {
  return new Map(
    decoder.layers.flatMap(({ pastKey, pastValue, kvHeads, headDim }, layer) => {
      const past = (what: 'key' | 'value') => {
        const dims = [batch, kvHeads, cache, headDim];
        return ops.cast(ops.builder.input(names.cache(layer, what), cacheType(ops.target), dims), 'float32');
      };
      return [[pastKey, past('key')] as const, [pastValue, past('value')] as const];
    }),
  );
}
