/**
 * Whether one of two is preferred: the two-sided sign test (Dixon & Mood 1946), exact. Votes without a preference say
 * nothing and are left out; of the n others, k go to the rarer side, and were there no preference, each would be a coin's:
 *
 *   p = min(1, 2 · Σ_{i ≤ k} C(n, i) / 2ⁿ)
 *
 * Summed in logarithms, since 2ⁿ overflows from n = 1024 on.
 */
export function signTest(wins: number, losses: number): number {
  const n = wins + losses;
  const rarer = Math.min(wins, losses);
  let logTerm = -n * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= rarer; i++) {
    logTerm += Math.log((n - i + 1) / i);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, 2 * sum);
}
