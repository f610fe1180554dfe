/** What runs draw from. */
import { expect, it } from 'vitest';
import { Random } from '../../src/tuning';

it('gives the same numbers for the same seed, and others for the next', () => {
  const of = (seed: number) => Array.from({ length: 4 }, () => new Random(seed).uniform());
  expect(of(7)).toEqual(of(7));
  expect(of(7)).not.toEqual(of(8));
});

it('begins anywhere with small seeds, as people choose them', () => {
  const seeds = 1000;
  const counts = new Array<number>(10).fill(0);
  for (let seed = 0; seed < seeds; seed++) {
    const tenth = Math.floor(10 * new Random(seed).uniform());
    counts[tenth] = (counts[tenth] ?? 0) + 1;
  }
  // 100 in each tenth, give or take 9.5.
  for (const count of counts) expect(Math.abs(count - 100)).toBeLessThan(50);
});
