/**
 * ROUGE-L (Lin 2004) as Google's `rouge-score` computes it with `use_stemmer=False`, 0..1: with the longest common
 * subsequence of words,  P = LCS / words written,  R = LCS / words of the reference,  F = 2 · P · R / (P + R).
 *
 * `rouge-score` knows the words of a–z and 0–9 alone and drops every other character, so that two equal Korean sentences
 * score 0. Here, text in Latin script scores exactly as there (accented letters part words there, and here); words of other
 * scripts count as words, and scripts that set no spaces between words count by character, as is usual for them.
 */
import { type Measure, mean } from './measure';

const unspaced = String.raw`(?=\p{L})[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Mymr}]\p{M}*`;
const ofOtherScripts = String.raw`(?:(?![\p{sc=Latin}\p{sc=Common}\p{sc=Inherited}])[\p{L}\p{Nd}]\p{M}*)+`;
const words = new RegExp(`[a-z0-9]+|${unspaced}|${ofOtherScripts}`, 'gu');

export function rougeWords(text: string): string[] {
  return text.toLowerCase().match(words) ?? [];
}

/** F of one row. */
export function rougeL(answer: string, target: string): number {
  const written = rougeWords(answer);
  const reference = rougeWords(target);
  const common = longestCommonSubsequence(written, reference);
  if (common === 0) return 0;
  const precision = common / written.length;
  const recall = common / reference.length;
  return (2 * precision * recall) / (precision + recall);
}

/** The mean over rows. */
export function meanRougeL(answers: readonly string[], targets: readonly string[]): Measure {
  return mean(answers.map((answer, row) => rougeL(answer, targets[row]!)));
}

/** Length of the longest sequence that both have in this order, gaps allowed. */
function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  // lengths[j]: of the words of `a` so far and the first j of `b`.
  const lengths = new Uint32Array(b.length + 1);
  for (const word of a) {
    let diagonal = 0;
    for (let j = 1; j <= b.length; j++) {
      const above = lengths[j]!;
      lengths[j] = word === b[j - 1] ? diagonal + 1 : Math.max(above, lengths[j - 1]!);
      diagonal = above;
    }
  }
  return lengths[b.length]!;
}
