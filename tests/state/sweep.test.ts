/** Sweeps on the page: the form, the plan, the sweep under way and its run, and those that are kept. */
import { describe, expect, it } from 'vitest';
import type { Delay } from '../../src/state/schedule';
import { DEFAULTS, toTuneSettings } from '../../src/state/settings';
import { createSweep, keptSweeps, sweepProgress } from '../../src/state/sweep';
import { readForm, readNumbers, SWEEP_DEFAULTS } from '../../src/state/sweepForm';
import { whyNotPlan } from '../../src/state/sweepPlan';
import { reordered, type SweepOrder, sortedRuns } from '../../src/state/sweepTable';
import { beginSweep, reportOf, setRun } from '../../src/tuning/sweep';
import type { KeptSweep, SweepEvent, SweepPoint, SweepState } from '../../src/worker/runsProtocol';
import { keptRun } from '../support/keptRun';
import { createScriptedRuns, type RunsScript } from '../support/scriptedRuns';

const form = readForm(SWEEP_DEFAULTS, DEFAULTS);
const SETTINGS = form.ok ? form.settings : expect.fail('the defaults are no sweep');
const point = (size: number): SweepPoint => ({
  method: 'prefix',
  size,
  learningRate: 0.05,
  init: { type: 'zero' },
  seed: 0,
});
const begun = beginSweep([point(4), point(8)], null, 150);
const kept = (state: SweepState, phase: KeptSweep['phase'] = 'running'): KeptSweep => ({
  id: 'sweep-1',
  name: 'Lengths',
  begun: 1_000,
  model: keptRun('').model,
  dataset: keptRun('').dataset,
  settings: SETTINGS,
  state,
  phase,
  report: reportOf(state),
});
const result = { runId: 'run-2', step: 150, loss: 0.5, accuracy: 0.8, parameters: 4096 };
const settingsOfRun = toTuneSettings({ ...DEFAULTS, length: 4 });

const EVENTS: readonly SweepEvent[] = [
  { type: 'sweep', sweep: kept(setRun(begun, 1, { status: 'running' })) },
  { type: 'begins', run: 1, settings: settingsOfRun },
  { type: 'run', run: 1, event: { type: 'kept', runId: 'run-2' } },
  { type: 'run', run: 1, event: { type: 'baseline', loss: 2.5, accuracy: 0.5 } },
  { type: 'run', run: 1, event: { type: 'validation', step: 0, loss: 2.4, accuracy: 0.5 } },
  { type: 'sweep', sweep: kept(setRun(begun, 1, { status: 'done', result }), 'stopped') },
];

const settle = () => new Promise((resolve) => setImmediate(resolve));

function opened(script: RunsScript = {}) {
  const calls: [string, ...unknown[]][] = [];
  const engine = createScriptedRuns({
    sweepEvents: EVENTS,
    beforeKept: (method, args) => {
      calls.push([method, ...args]);
    },
    ...script,
  });
  const waiting: (() => void)[] = [];
  const delay: Delay = (run) => {
    waiting.push(run);
    return () => waiting.splice(waiting.indexOf(run), 1);
  };
  const sweep = createSweep(engine, (flush) => flush(), delay);
  return { sweep, calls, waiting, state: () => sweep.store.getState() };
}

describe('the form of a sweep', () => {
  it('asks which length it takes, with the rest as in the settings of a run', () => {
    const { method: _, learningRate: __, seed: ___, ...shared } = toTuneSettings(DEFAULTS);
    expect(SETTINGS).toEqual({
      space: {
        methods: [
          {
            method: toTuneSettings(DEFAULTS).method,
            sizes: [4, 8, 16, 32],
            learningRates: [0.05],
            inits: [{ type: 'text', text: DEFAULTS.initText }],
          },
        ],
        seeds: [0],
      },
      strategy: { type: 'grid' },
      halving: { minSteps: 25, eta: 3 },
      shared,
    });
  });

  it('gives each method its own sizes and learning rates, and LoRA no beginnings', () => {
    const { methods } = SWEEP_DEFAULTS;
    const all = { ...SWEEP_DEFAULTS, methods: { ...methods, lora: { ...methods.lora, chosen: true } } };
    const read = readForm({ ...all, strategy: 'random', halving: false }, { ...DEFAULTS, rank: 2, seed: 9 });
    expect(read).toMatchObject({
      ok: true,
      settings: {
        space: { methods: [{}, { method: { type: 'lora', rank: 2 }, sizes: [2, 4, 8], inits: [] }] },
        strategy: { type: 'random', runs: 12, seed: 9 },
        halving: null,
      },
    });
  });

  it('says at which field something cannot be read', () => {
    const { methods } = SWEEP_DEFAULTS;
    const none = { ...methods.prefix, chosen: false };
    expect(readForm({ ...SWEEP_DEFAULTS, methods: { ...methods, prefix: none }, seeds: 'x' }, DEFAULTS)).toEqual({
      ok: false,
      issues: [
        { field: 'seeds', message: '“x” is no list of numbers; write for example 4, 8, 16.' },
        { field: 'methods', message: 'Choose at least one method.' },
      ],
    });
    expect(readForm(SWEEP_DEFAULTS, { ...DEFAULTS, steps: 20 })).toEqual({
      ok: false,
      issues: [{ field: 'minSteps', message: 'Runs of 20 steps end before they are compared at step 25.' }],
    });
  });

  it.each([
    [{ inits: [] }, 'Choose what virtual tokens start from.'],
    [{ minSteps: Number.NaN }, 'The first comparison is a whole number from 1.'],
    [{ eta: 1 }, 'One in how many is a whole number from 2.'],
    [{ strategy: 'random', runs: 0.5 }, 'Number of runs is a whole number from 1.'],
  ] as const)('says what is wrong with %o', (change, message) => {
    expect(readForm({ ...SWEEP_DEFAULTS, ...change }, DEFAULTS)).toMatchObject({ ok: false, issues: [{ message }] });
  });

  it.each([
    ['4, 8,16', [4, 8, 16]],
    ['1e-3 5e-3;0.01', [0.001, 0.005, 0.01]],
    ['7', [7]],
    ['', null],
    ['4, eight', null],
  ])('reads the list “%s”', (text, numbers) => {
    expect(readNumbers(text)).toEqual(numbers);
  });
});

describe('a sweep on the page', () => {
  it('knows its runs before it begins, or why there are none', async () => {
    const { sweep, state } = opened({ plan: [point(4)] });
    sweep.ask(SETTINGS);
    await Promise.resolve();
    await Promise.resolve();
    expect(state().plan).toEqual([point(4)]);
    const refusing = opened({
      beforeKept: () => {
        throw new Error('This grid has 1,000 runs.');
      },
    });
    refusing.sweep.ask(SETTINGS);
    await new Promise((resolve) => setImmediate(resolve));
    expect(refusing.state()).toMatchObject({ plan: null, planProblem: { message: 'This grid has 1,000 runs.' } });
  });

  it('shows itself and its run as they go, and is listed when it ends', async () => {
    const { sweep, state } = opened();
    await sweep.start(SETTINGS);
    expect(state()).toMatchObject({
      phase: 'idle',
      current: { id: 'sweep-1', phase: 'stopped' },
      live: { id: 1, keptId: 'run-2', settings: settingsOfRun, modelName: 'fable-7m', baseline: { loss: 2.5 } },
      kept: [{ id: 'sweep-1' }],
    });
    expect(state().current?.report.answer).toContain('So far, with 1 of 2 runs left');
  });

  it('counts what has ended, by how', () => {
    const failed = setRun(begun, 2, { status: 'failed', message: 'no' });
    expect(sweepProgress(kept(begun))).toEqual({ ended: 0, total: 2, stoppedEarly: 0, failed: 0 });
    expect(sweepProgress(kept(setRun(failed, 1, { status: 'stopped-early', result })))).toEqual({
      ended: 2,
      total: 2,
      stoppedEarly: 1,
      failed: 1,
    });
  });

  it('shows a run as failed that could not go on', async () => {
    const failed = kept(setRun(begun, 1, { status: 'failed', message: 'It does not fit.' }));
    const { sweep, state } = opened({ sweepEvents: [...EVENTS.slice(0, 4), { type: 'sweep', sweep: failed }] });
    await sweep.start(SETTINGS);
    expect(state().live).toMatchObject({ phase: 'failed', message: 'It does not fit.' });
  });

  it('is one at a time, stops at the person’s word, and is resumed by its name', async () => {
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const calls: [string, ...unknown[]][] = [];
    const { sweep, state } = opened({
      beforeKept: (method, args) => {
        calls.push([method, ...args]);
        return method === 'sweep' ? held : undefined;
      },
    });
    const started = sweep.start(SETTINGS);
    await sweep.resume('sweep-1');
    sweep.stop();
    sweep.stop();
    expect(state().phase).toBe('stopping');
    go();
    await started;
    await sweep.resume('sweep-1');
    expect(calls.map(([method]) => method)).toEqual(['sweep', 'stopSweep', 'sweeps', 'resumeSweep', 'sweeps']);
    expect(calls[3]).toEqual(['resumeSweep', 'sweep-1']);
  });

  it('that cannot be resumed says what to load', async () => {
    const { sweep, state } = opened({
      beforeKept: (method) => {
        if (method === 'resumeSweep') {
          throw Object.assign(new Error('This sweep is of another model.'), { kind: 'model', hint: 'Load fable-7m.' });
        }
      },
    });
    await sweep.resume('sweep-1');
    expect(state()).toMatchObject({ phase: 'idle', problem: { kind: 'model', hint: 'Load fable-7m.' } });
  });

  it('that is kept is shown again, and deleted after a wait in which that can be undone', async () => {
    const { sweep, state, waiting, calls } = opened({ sweeps: [kept(begun, 'stopped')] });
    await sweep.refresh();
    sweep.show('sweep-1');
    expect(state().current).toEqual(kept(begun, 'stopped'));
    sweep.remove('sweep-1');
    expect(keptSweeps(state())).toEqual([]);
    sweep.undo();
    expect([keptSweeps(state()).length, waiting]).toEqual([1, []]);
    sweep.remove('sweep-1');
    waiting[0]?.();
    expect(state()).toMatchObject({ current: null, kept: [] });
    await settle();
    expect(calls).toContainEqual(['deleteSweep', 'sweep-1']);
    expect(state()).toMatchObject({ kept: [], leaving: null });
  });
});

describe('the runs of a plan', () => {
  const context = { contextLength: 64, longestTokens: 40, loraTargets: null };

  it('are fit to be run, or the one that is not is named', () => {
    expect(whyNotPlan([point(4), point(8)], DEFAULTS, context)).toBeNull();
    expect(whyNotPlan([point(4), point(32)], DEFAULTS, context)).toBe(
      'Among the runs is a prefix of 32, learning rate 0.05. Prefix and longest row do not fit: 32 + 40 = 72 tokens, and this model holds 64.',
    );
  });

  it('share what is wrong with the settings of all', () => {
    expect(whyNotPlan([point(4), point(8)], { ...DEFAULTS, steps: 0 }, context)).toBe('Steps is at least 1.');
  });
});

describe('the table of a sweep', () => {
  const runs = setRun(begun, 2, { status: 'done', result }).runs;
  const idsBy = (order: SweepOrder) => sortedRuns(runs, order).map(({ id }) => id);

  it('is sorted by any column in both directions, with what is not known last', () => {
    expect(idsBy({ column: 'size', descending: true })).toEqual([2, 1]);
    expect(idsBy({ column: 'loss', descending: false })).toEqual([2, 1]);
    expect(idsBy({ column: 'loss', descending: true })).toEqual([2, 1]);
    expect(idsBy({ column: 'method', descending: true })).toEqual([1, 2]);
  });

  it('turns round when the same column is chosen again', () => {
    const order = reordered({ column: 'run', descending: false }, 'loss');
    expect(order).toEqual({ column: 'loss', descending: false });
    expect(reordered(order, 'loss')).toEqual({ column: 'loss', descending: true });
  });
});
