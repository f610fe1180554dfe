/**
 * Prefix-tuning (Li & Liang 2021): the trainables are keys and values in front of every layer's own. Where they start
 * from matters most; the keys and values that the model itself computes for a text are the best known beginning.
 */
import type { Decoder } from '../../autodiff';
import { names, prefixSize } from '../../autodiff';
import type { LoadedDecoder } from '../../runtime';
import { int64Feed, readFloats } from '../../runtime';
import type { Random } from '../random';

export type PrefixInitialisation =
  /** Token ids of a text, repeated or cut to the length of the prefix. */
  | { readonly type: 'text'; readonly tokenIds: readonly number[] }
  /** Random tokens of the vocabulary, encoded like a text. */
  | { readonly type: 'vocabulary'; readonly vocabSize: number }
  /** Normal numbers with standard deviation `RANDOM_DEVIATION`. */
  | { readonly type: 'random' }
  | { readonly type: 'zero' };

/** PEFT initialises prefix embeddings from N(0, 1); smaller numbers disturb the frozen model less at the start. */
const RANDOM_DEVIATION = 0.1;

/** @returns the prefix as one vector, [layers, 2 (key, value), kvHeads, length, headDim] */
export async function initialPrefix(
  loaded: LoadedDecoder,
  length: number,
  init: PrefixInitialisation,
  random: Random,
): Promise<Float32Array> {
  const size = prefixSize(loaded.decoder, length);
  switch (init.type) {
    case 'zero':
      return new Float32Array(size);
    case 'random':
      return Float32Array.from({ length: size }, () => RANDOM_DEVIATION * random.normal());
    case 'vocabulary':
      return encode(
        loaded,
        Array.from({ length }, () => random.integer(init.vocabSize)),
      );
    case 'text': {
      if (init.tokenIds.length === 0) throw new RangeError('a text of no tokens cannot start a prefix');
      return encode(
        loaded,
        Array.from({ length }, (_, i) => init.tokenIds[i % init.tokenIds.length] as number),
      );
    }
    default:
      return init satisfies never;
  }
}

/** Keys and values of the tokens at positions 0, 1, …, as the model computes them. */
async function encode(loaded: LoadedDecoder, tokenIds: readonly number[]): Promise<Float32Array> {
  const { backend, decoder } = loaded;
  const program = await loaded.forward({
    batch: 1,
    tokens: tokenIds.length,
    cache: 0,
    rows: null,
    layout: 'dense',
    head: 'none',
    newKeyValues: true,
  });
  const ids = int64Feed([1, tokenIds.length], BigInt64Array.from(tokenIds, BigInt));
  return program.call({ [names.ids]: ids }, async (outputs) => {
    const prefix = new Float32Array(prefixSize(decoder, tokenIds.length));
    let offset = 0;
    for (const name of outputNames(decoder)) {
      const values = await readFloats(backend, outputs[name]);
      prefix.set(values, offset);
      offset += values.length;
    }
    return prefix;
  });
}

const outputNames = ({ layers }: Decoder): string[] =>
  layers.flatMap((_, layer) => [names.fresh(layer, 'key'), names.fresh(layer, 'value')]);
