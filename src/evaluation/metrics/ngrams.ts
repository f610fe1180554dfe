/** Counts of n-grams, and how many two texts have in common: what BLEU and chrF are made of. */

/** n-gram → how often it occurs. @param separator stands in no unit, unless all units have one length */
export function ngramCounts(units: readonly string[], n: number, separator: string): Map<string, number> {
  const text = units.join(separator);
  const starts = [0];
  for (const unit of units) starts.push(starts.at(-1)! + unit.length + separator.length);
  const counts = new Map<string, number>();
  for (let first = 0; first + n <= units.length; first++) {
    const ngram = text.slice(starts[first], starts[first + n]! - separator.length);
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** Σ min(count in a, count in b): each occurrence matches once ("clipped"). */
export function matches(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let matched = 0;
  for (const [ngram, count] of a) matched += Math.min(count, b.get(ngram) ?? 0);
  return matched;
}
