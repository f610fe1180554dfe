/** Votes in words: the count, and whether it says that one of two is preferred. */
import type { Tally } from '../../state';

/** Where statisticians are used to drawing the line. */
const CLEAR = 0.05;

export function sayTally({ firstName, secondName, dataset, first, second, equal }: Tally): string {
  return `On ${dataset}: ${firstName} ${first}, ${secondName} ${second}, equal ${equal}.`;
}

/** @param p of the sign test on these votes */
export function saySplit(first: number, second: number, p: number): string {
  if (first + second === 0) return 'No vote prefers either.';
  const chance = p >= 0.995 ? 'always' : p < 0.001 ? 'less than once in 1,000 times' : `${often(p)}`;
  const verdict = p < CLEAR ? 'more than chance' : 'may be chance';
  return `${first} to ${second}: ${verdict}. Coins would split at least as unevenly ${chance} (p ${formatP(p)}).`;
}

/** 0.109 → `11 times in 100`. */
function often(p: number): string {
  const [times, of] = p < 0.0095 ? [Math.round(1000 * p), '1,000'] : [Math.round(100 * p), '100'];
  return `${times === 1 ? 'once' : `${times} times`} in ${of}`;
}

const formatP = (p: number): string => (p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`);
