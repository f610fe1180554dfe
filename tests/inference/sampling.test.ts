/** Draws follow the softmax at a temperature, cut to the nucleus. */
import { describe, expect, it } from 'vitest';
import { sample } from '../../src/inference';
import { Random } from '../../src/tuning';

/** Probabilities 0.5, 0.3, 0.15, 0.05 in shuffled places. */
const probabilities = [0.15, 0.5, 0.05, 0.3];
const logits = Float32Array.from(probabilities, (p) => Math.log(p) + 7);

function frequencies(temperature: number, topP: number, draws = 20_000, seed = 1): number[] {
  const random = new Random(seed);
  const counts = probabilities.map(() => 0);
  for (let i = 0; i < draws; i++) {
    const drawn = sample(logits, { temperature, topP }, random);
    counts[drawn] = (counts[drawn] as number) + 1;
  }
  return counts.map((count) => count / draws);
}

/** Within five standard deviations of a share from 20,000 draws: one seed in a million would miss. */
function expectShares(actual: readonly number[], expected: readonly number[]) {
  actual.forEach((share, i) => {
    const p = expected[i] as number;
    expect(Math.abs(share - p)).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / 20_000));
  });
}

describe('sampling', () => {
  it('draws from the softmax at temperature 1', () => {
    expectShares(frequencies(1, 1), probabilities);
  });

  it.each([0.5, 2])('sharpens or flattens it at temperature %f', (temperature) => {
    const powers = probabilities.map((p) => p ** (1 / temperature));
    const total = powers.reduce((sum, p) => sum + p, 0);
    expectShares(
      frequencies(temperature, 1),
      powers.map((p) => p / total),
    );
  });

  it('takes only the likeliest that together reach top-p, in their proportions', () => {
    expectShares(frequencies(1, 0.75), [0, 0.625, 0, 0.375]);
    expectShares(frequencies(1, 0.9), [0.15 / 0.95, 0.5 / 0.95, 0, 0.3 / 0.95]);
  });

  it('always has one word to choose, however small top-p is', () => {
    expect(frequencies(1, 1e-6)).toEqual([0, 1, 0, 0]);
  });

  it('is greedy at temperature 0, and draws nothing then', () => {
    const random = new Random(4);
    for (let i = 0; i < 10; i++) expect(sample(logits, { temperature: 0, topP: 1 }, random)).toBe(1);
    expect(random.uniform()).toBe(new Random(4).uniform());
  });

  it('does not overflow on large logits', () => {
    const large = Float32Array.of(1000, 3000, -3000);
    expect(sample(large, { temperature: 0.1, topP: 0.9 }, new Random(1))).toBe(1);
  });

  it('is the same for the same seed', () => {
    expect(frequencies(1, 0.9, 50, 8)).toEqual(frequencies(1, 0.9, 50, 8));
  });
});
