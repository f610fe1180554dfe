/** Which runs of a sweep go on, and what of a sweep survives being stored. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/tuning/random';
import { beginSweep, decide, nextRun, setRun, takenUp } from '../../../src/tuning/sweep';
import type { SweepState } from '../../../src/worker/runsProtocol';
import { point } from './spaces';

const ETA_3 = { minSteps: 10, eta: 3 };
const sweep = (runs: number, halving = ETA_3, steps = 200) => beginSweep(Array(runs).fill(point()), halving, steps);
const stored = (state: SweepState): SweepState => JSON.parse(JSON.stringify(state));

/** Runs one after another, with a validation every ten steps. @returns the steps each took */
function play(state: SweepState, steps: number, lossAt: (run: number, step: number) => number) {
  const taken: number[] = [];
  let now = state;
  for (const { id } of state.runs) {
    let step = 0;
    for (let verdict = 'go on'; verdict === 'go on' && step < steps; ) {
      step += 10;
      const decision = decide(stored(now), id, step, lossAt(id, step));
      now = decision.state;
      verdict = decision.verdict;
    }
    taken.push(step);
  }
  return { taken, state: now };
}

describe('successive halving', () => {
  it('has its rungs at minSteps times powers of eta, and none at the end', () => {
    expect(sweep(1, ETA_3, 90).rungs.map(({ step }) => step)).toEqual([10, 30]);
    expect(sweep(1, ETA_3, 91).rungs.map(({ step }) => step)).toEqual([10, 30, 90]);
  });

  it('lets the first run go on, and of the next only those among the best third', () => {
    const losses = [5, 6, 4, 4.5, 3, 3.5];
    const { taken } = play(sweep(6), 20, (run) => losses[run - 1] ?? 0);
    expect(taken).toEqual([20, 10, 20, 10, 20, 20]);
  });

  it('goes by the losses at the same step', () => {
    const { taken } = play(sweep(2), 200, (run, step) => (run === 1 ? 1 / step : step < 30 ? 0 : 1));
    expect(taken).toEqual([200, 30]);
  });

  it('judges at the rung that a seldom validated run has come to', () => {
    const begun = setRun(sweep(2), 1, { status: 'running' });
    const { state } = decide(begun, 1, 40, 1);
    expect(state.rungs.map(({ losses }) => losses.length)).toEqual([0, 1, 0]);
    expect(decide(state, 2, 35, 2).verdict).toBe('stop');
  });

  it('stops what is no number, and any number is better', () => {
    const first = decide(sweep(2), 1, 10, Number.NaN);
    expect(first.verdict).toBe('stop');
    expect(decide(stored(first.state), 2, 10, 99).verdict).toBe('go on');
  });

  it('decides nothing in a sweep without it', () => {
    const { taken } = play(beginSweep([point(), point()], null, 100), 100, (run) => run);
    expect(taken).toEqual([100, 100]);
  });

  it('keeps exactly those among the best 1/eta of all that came, whatever the losses and their order', () => {
    const losses = fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(losses, fc.integer({ min: 2, max: 5 }), (all, eta) => {
        let state = sweep(all.length, { minSteps: 10, eta });
        all.forEach((loss, index) => {
          const decision = decide(state, index + 1, 10, loss);
          const sorted = all.slice(0, index + 1).sort((a, b) => a - b);
          const worstKept = sorted[Math.max(1, Math.floor((index + 1) / eta)) - 1] ?? 0;
          expect(decision.verdict).toBe(loss <= worstKept ? 'go on' : 'stop');
          // Asked again at the same rung, it was already let on.
          expect(decide(decision.state, index + 1, 19, 99)).toEqual({ state: decision.state, verdict: 'go on' });
          state = decision.state;
        });
      }),
    );
  });

  it('never stops the run that is best at every step', () => {
    const ranks = fc
      .integer({ min: 2, max: 30 })
      .chain((runs) => fc.shuffledSubarray([...Array(runs).keys()], { minLength: runs }));
    fc.assert(
      fc.property(ranks, (order) => {
        const { taken } = play(sweep(order.length), 200, (run, step) => (order[run - 1] ?? 0) + 1 / step);
        expect(taken[order.indexOf(0)]).toBe(200);
      }),
    );
  });

  it('takes less than a third of the steps for thirty runs in random order', () => {
    const order = new Random(1).shuffle([...Array(30).keys()]);
    const { taken } = play(sweep(30), 200, (run) => order[run - 1] ?? 0);
    expect(taken.reduce((sum, steps) => sum + steps)).toBeLessThan((30 * 200) / 3);
  });

  it.each([
    ['minSteps', { minSteps: 0, eta: 3 }],
    ['eta', { minSteps: 5, eta: 1 }],
    ['eta', { minSteps: 5, eta: 2.5 }],
  ])('refuses a %s that makes no rungs', (field, halving) => {
    expect(() => sweep(1, halving)).toThrow(field);
  });
});

describe('a sweep that was cut off', () => {
  it('begins the run under way again, as if it had never come to a rung', () => {
    const result = { runId: 'a', step: 200, loss: 1, accuracy: null, parameters: 8 };
    const begun = setRun(decide(sweep(3), 1, 10, 1).state, 1, { status: 'done', result });
    const cut = decide(setRun(begun, 2, { status: 'running' }), 2, 10, 0.5).state;
    const again = takenUp(stored(cut));
    expect(again).toEqual(begun);
    expect(nextRun(again)?.id).toBe(2);
  });

  it('has nothing left to run when all have ended, whatever came of them', () => {
    const result = { runId: 'a', step: 10, loss: 1, accuracy: null, parameters: 8 };
    const all = [
      { status: 'failed', message: 'no' },
      { status: 'stopped-early', result },
    ] as const;
    const over = all.reduce((state, ending, index) => setRun(state, index + 1, ending), sweep(2));
    expect(nextRun(over)).toBeUndefined();
    expect(takenUp(over)).toEqual(over);
  });
});
