/** The learning rate rises in a straight line and falls along a cosine. */
import { describe, expect, it } from 'vitest';
import { learningRateAt } from '../../src/tuning';

const settings = { learningRate: 0.2, warmupSteps: 10, steps: 110 };
const at = (step: number) => learningRateAt(step, settings);

describe('learning rate', () => {
  it('rises linearly to the peak, and the first step already moves', () => {
    expect(at(1)).toBeCloseTo(0.02, 12);
    expect(at(5)).toBeCloseTo(0.1, 12);
    expect(at(10)).toBeCloseTo(0.2, 12);
  });

  it('falls along a cosine to a tenth of the peak', () => {
    expect(at(35)).toBeCloseTo(0.2 * (0.1 + 0.9 * ((1 + Math.SQRT1_2) / 2)), 12);
    expect(at(60)).toBeCloseTo(0.2 * 0.55, 12);
    expect(at(110)).toBeCloseTo(0.02, 12);
    for (let step = 11; step <= 110; step++) expect(at(step)).toBeLessThan(at(step - 1));
  });

  it('starts at the peak without a warm-up', () => {
    const first = learningRateAt(1, { ...settings, warmupSteps: 0 });
    expect(first).toBeLessThan(0.2);
    expect(first).toBeGreaterThan(0.1999);
  });

  it('is finite and positive where the warm-up is the whole run', () => {
    for (let step = 1; step <= 10; step++) {
      expect(learningRateAt(step, { ...settings, steps: 10 })).toBeCloseTo(0.02 * step, 12);
    }
  });
});
