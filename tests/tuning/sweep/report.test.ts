/** What a sweep says: which method, which length, how small. */
import { describe, expect, it } from 'vitest';
import { beginSweep, reportOf, setRun } from '../../../src/tuning/sweep';
import { ended, point } from './spaces';

describe('the report of a sweep', () => {
  it('says nothing while no run has ended', () => {
    expect(reportOf(beginSweep([point()], null, 10))).toEqual({ series: [], best: null, advised: null, answer: null });
  });

  it('advises the smallest adapter that is as good as the best within the noise of the seeds', () => {
    const report = reportOf(
      ended([
        [{ size: 4, seed: 0 }, 0.9],
        [{ size: 4, seed: 1 }, 0.96],
        [{ size: 8, seed: 0 }, 0.61],
        [{ size: 8, seed: 1 }, 0.65],
        [{ size: 32, seed: 0 }, 0.6],
        [{ size: 32, seed: 1 }, 0.64],
      ]),
    );
    expect(report).toMatchObject({ best: 5, advised: 3 });
    expect(report.answer).toBe(
      'Prefix-tuning with 8 virtual tokens is enough (8,192 numbers to learn, validation loss 0.630, learning rate 0.05): the best, prefix-tuning with 32 virtual tokens (32,768 numbers to learn, validation loss 0.620), is better by no more than the noise of 0.024.',
    );
  });

  it('compares methods by what they learn: a small rank may be smaller than a short prefix', () => {
    const report = reportOf(
      ended([
        [{ size: 8 }, 0.6],
        [{ method: 'lora', init: null, size: 2, learningRate: 1e-3 }, 0.603],
      ]),
    );
    expect(report).toMatchObject({ best: 1, advised: 2 });
    expect(report.answer).toContain('LoRA of rank 2 is enough (1,024 numbers to learn');
    expect(report.answer).toContain('learning rate 0.001)');
  });

  it('advises the best where nothing smaller comes near', () => {
    const report = reportOf(
      ended([
        [{ size: 1 }, 0.9],
        [{ size: 8 }, 0.6],
      ]),
    );
    expect(report).toMatchObject({ best: 2, advised: 2 });
    expect(report.answer).toMatch(/^Prefix-tuning with 8 virtual tokens is best, and nothing smaller is as good/);
  });

  it('draws one line per method over its sizes, with the best of the learning rates at each', () => {
    const { series } = reportOf(
      ended([
        [{ size: 16, learningRate: 0.01 }, 0.7],
        [{ size: 16, learningRate: 0.1 }, 0.5],
        [{ size: 4 }, 0.8],
        [{ method: 'lora', init: null, size: 2 }, 0.4],
      ]),
    );
    expect(series).toEqual([
      {
        method: 'prefix',
        points: [
          { size: 4, loss: 0.8, parameters: 4096 },
          { size: 16, loss: 0.5, parameters: 16384 },
        ],
      },
      { method: 'lora', points: [{ size: 2, loss: 0.4, parameters: 1024 }] },
    ]);
  });

  it('does not count a run that was stopped early, and says how many are left', () => {
    const begun = ended([
      [{ size: 8 }, 0.6],
      [{ size: 4 }, 0.1],
      [{ size: 2 }, 0.5],
    ]);
    const result = { runId: 'run-2', step: 10, loss: 0.1, accuracy: null, parameters: 4096 };
    const stopped = setRun(begun, 2, { status: 'stopped-early', result });
    const report = reportOf(setRun(stopped, 3, { status: 'waiting' }));
    expect(report).toMatchObject({ best: 1, advised: 1 });
    expect(report.answer).toMatch(/^So far, with 1 of 3 runs left: prefix-tuning with 8 virtual tokens is best/);
  });
});
