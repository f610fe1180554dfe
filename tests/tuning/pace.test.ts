/** How long the rest of a run will be. Time is what the test says. */
import { describe, expect, it } from 'vitest';
import { Pace } from '../../src/tuning/pace';

function timed() {
  let now = 500;
  const pace = new Pace(() => now);
  const later = (seconds: number) => {
    now += 1000 * seconds;
    return pace;
  };
  return { pace, later };
}

describe('the pace of a run', () => {
  it('is that of the first step, then follows the newest slowly', () => {
    const { pace, later } = timed();
    later(2).stepped(100);
    expect([pace.secondsPerStep, pace.tokensPerSecond]).toEqual([2, 50]);
    later(7).stepped(100);
    expect(pace.secondsPerStep).toBeCloseTo(3, 12);
    expect(pace.tokensPerSecond).toBeCloseTo(100 / 3, 12);
  });

  it('does not count a pause', () => {
    const { pace, later } = timed();
    later(60).restart();
    later(2).stepped(100);
    expect(pace.secondsPerStep).toBe(2);
  });

  it('says how long the steps and validations take that are left, and zero after the last step', () => {
    const { pace, later } = timed();
    pace.restart();
    later(5).validated();
    later(2).stepped(100);
    const settings = { steps: 10, evalEvery: 4 };
    expect(pace.secondsLeft(1, settings)).toBe(9 * 2 + 3 * 5);
    expect(pace.secondsLeft(8, settings)).toBe(2 * 2 + 1 * 5);
    expect(pace.secondsLeft(10, settings)).toBe(0);
  });
});
