/**
 * chrF2 (Popović 2015) as sacreBLEU 2 computes it by default (`chrF2|nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no`), 0..100:
 * an F score of character n-grams, n = 1..6, without spaces, in which recall counts β = 2 times as much as precision,
 *
 *   chrF = (1 + β²) · P · R / (β² · P + R),
 *
 * P and R being means over those n for which both sides have n-grams. Characters are code points. Needs no words, so it
 * suits every script.
 */
import { additive, type Measure } from './measure';
import { matches, ngramCounts } from './ngrams';
import { splitAtSpaces } from './words';

const ORDERS = [1, 2, 3, 4, 5, 6];
const BETA_SQUARED = 4;

/** Per order `[written, in the reference, matched]`, 18 numbers in all; rows add up. */
function chrfStatistics(answer: string, target: string): number[] {
  const written = characters(answer);
  const reference = characters(target);
  return ORDERS.flatMap((n) => {
    const inReference = Math.max(0, reference.length - n + 1);
    // What is written counts only where the reference is long enough to hold such an n-gram.
    const inAnswer = inReference === 0 ? 0 : Math.max(0, written.length - n + 1);
    return [inAnswer, inReference, matches(ngramCounts(written, n, ''), ngramCounts(reference, n, ''))];
  });
}

/** @param statistics sums of `chrfStatistics` */
function chrfOf(statistics: ArrayLike<number>): number {
  let [precision, recall, orders] = [0, 0, 0];
  for (let i = 0; i < 3 * ORDERS.length; i += 3) {
    const written = statistics[i]!;
    const inReference = statistics[i + 1]!;
    const matched = statistics[i + 2]!;
    if (written === 0 || inReference === 0) continue;
    precision += matched / written;
    recall += matched / inReference;
    orders++;
  }
  if (precision + recall === 0) return 0;
  precision /= orders;
  recall /= orders;
  return (100 * (1 + BETA_SQUARED) * precision * recall) / (BETA_SQUARED * precision + recall);
}

/** chrF2 of the corpus: counts are summed first. */
export function chrf(answers: readonly string[], targets: readonly string[]): Measure {
  return additive(
    answers.map((answer, row) => chrfStatistics(answer, targets[row]!)),
    chrfOf,
  );
}

function characters(text: string): string[] {
  return Array.from(splitAtSpaces(text).join(''));
}
