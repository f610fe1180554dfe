/** Where virtual tokens start from: a text, words drawn from the vocabulary, or numbers. The same kinds for every method. */
import type { Random } from '../random';

export type Initialisation =
  /** Token ids of a text, repeated or cut to the number of virtual tokens. */
  | { readonly type: 'text'; readonly tokenIds: readonly number[] }
  /** Random tokens of the vocabulary, used like a text. */
  | { readonly type: 'vocabulary'; readonly vocabSize: number }
  /** Normal numbers. */
  | { readonly type: 'random' }
  | { readonly type: 'zero' };

/** The tokens to start `length` virtual ones from; null where they start from numbers. */
export function startingTokens(init: Initialisation, length: number, random: Random): number[] | null {
  switch (init.type) {
    case 'zero':
    case 'random':
      return null;
    case 'vocabulary':
      return Array.from({ length }, () => random.integer(init.vocabSize));
    case 'text':
      if (init.tokenIds.length === 0) throw new RangeError('a text of no tokens cannot start a prefix');
      return Array.from({ length }, (_, i) => init.tokenIds[i % init.tokenIds.length] as number);
    default:
      return init satisfies never;
  }
}

/** @param deviation of the normal numbers of `random` */
export function startingNumbers(
  init: Initialisation,
  size: number,
  deviation: number,
  random: Random,
): Float32Array<ArrayBuffer> {
  if (init.type !== 'random') return new Float32Array(size);
  return Float32Array.from({ length: size }, () => deviation * random.normal());
}
