/**
 * Exact match, 0..1: the share of answers that are the target word for word. Spaces around it do not count, and any run of
 * spaces or line breaks is one space; case and punctuation do count (unlike SQuAD's).
 */
import { type Measure, mean } from './measure';

export function isExactMatch(answer: string, target: string): boolean {
  return collapsed(answer) === collapsed(target);
}

export function exactMatch(answers: readonly string[], targets: readonly string[]): Measure {
  return mean(answers.map((answer, row) => Number(isExactMatch(answer, targets[row]!))));
}

/** Without spaces around, and single ones within. */
export function collapsed(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}
