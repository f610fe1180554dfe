/**
 * BLEU (Papineni et al. 2002) as sacreBLEU 2 computes it by default (`BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp`),
 * 0..100, from one reference per row:
 *
 *   BLEU = BP · exp(¼ Σₙ log pₙ),  pₙ = matched n-grams / n-grams written,  BP = min(1, exp(1 − reference length / length))
 *
 * Counts are summed over the corpus first. The k-th order without a match counts as 1 / (2ᵏ · n-grams written) ("exp").
 */
import { additive, type Measure } from './measure';
import { matches, ngramCounts } from './ngrams';
import { words13a } from './words';

const ORDERS = [1, 2, 3, 4];

/** `[length, reference length, matched 1..4-grams, written 1..4-grams]` of one row; rows add up. */
function bleuStatistics(answer: string, target: string): number[] {
  const written = words13a(answer);
  const reference = words13a(target);
  return [
    written.length,
    reference.length,
    ...ORDERS.map((n) => matches(ngramCounts(written, n, ' '), ngramCounts(reference, n, ' '))),
    ...ORDERS.map((n) => Math.max(0, written.length - n + 1)),
  ];
}

/**
 * @param statistics sums of `bleuStatistics`
 * @param effectiveOrder only orders that the text is long enough for; for a single sentence, never for a corpus
 */
function bleuOf(statistics: ArrayLike<number>, effectiveOrder = false): number {
  const length = statistics[0]!;
  const referenceLength = statistics[1]!;
  const matched = ORDERS.map((n) => statistics[1 + n]!);
  const written = ORDERS.map((n) => statistics[5 + n]!);
  if (matched.every((count) => count === 0)) return 0;
  const possible = written.filter((count) => count > 0).length;
  if (possible < ORDERS.length && !effectiveOrder) return 0;
  let smoothing = 1;
  let logSum = 0;
  for (let i = 0; i < possible; i++) {
    if (matched[i] === 0) smoothing *= 2;
    const precision = matched[i] === 0 ? 1 / (smoothing * written[i]!) : matched[i]! / written[i]!;
    logSum += Math.log(100 * precision);
  }
  const brevity = length < referenceLength ? Math.exp(1 - referenceLength / length) : 1;
  return brevity * Math.exp(logSum / possible);
}

/** BLEU of one row, with effective order as sacreBLEU's `sentence_bleu`. */
export function sentenceBleu(answer: string, target: string): number {
  return bleuOf(bleuStatistics(answer, target), true);
}

/** BLEU of the corpus. */
export function bleu(answers: readonly string[], targets: readonly string[]): Measure {
  return additive(
    answers.map((answer, row) => bleuStatistics(answer, targets[row]!)),
    (sums) => bleuOf(sums),
  );
}
