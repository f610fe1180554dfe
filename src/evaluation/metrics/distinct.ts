/**
 * distinct-n (Li et al. 2016), 0..1: different n-grams ÷ all n-grams of everything that was written. 1: nothing is ever
 * said twice; near 0: the same few words again and again. Words are BLEU's (13a), case kept. As is usual now, distinct-2
 * is divided by the number of bigrams; the paper divides by that of words. It falls with the amount of text, so compare
 * subjects on the same rows only.
 */
import type { Measure } from './measure';
import { words13a } from './words';

export function distinct(texts: readonly string[], n: number): Measure {
  const ids = new Map<string, number>();
  const idOf = (ngram: string) => {
    const id = ids.get(ngram) ?? ids.size;
    ids.set(ngram, id);
    return id;
  };
  const rows = texts.map((text) => {
    const words = words13a(text);
    const ngrams = words.slice(n - 1).map((_, start) => idOf(words.slice(start, start + n).join(' ')));
    return { different: Uint32Array.from(new Set(ngrams)), count: ngrams.length };
  });
  /** Per n-gram the last time it was seen: a set that need not be emptied. */
  const seen = new Uint32Array(ids.size);
  let time = 0;
  return {
    centredWithin: [0, 1],
    of(weights) {
      time++;
      let [different, all] = [0, 0];
      rows.forEach((ngrams, row) => {
        const weight = weights[row]!;
        if (weight === 0) return;
        all += weight * ngrams.count;
        for (const id of ngrams.different) {
          if (seen[id] !== time) different++;
          seen[id] = time;
        }
      });
      return all === 0 ? 0 : different / all;
    },
  };
}
