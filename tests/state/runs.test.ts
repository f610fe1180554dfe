/** Kept runs on the page: the table, the overlay, names, copies, deletion and its undoing, export. */
import { describe, expect, it } from 'vitest';
import { beginRecord, project } from '../../src/state/run';
import { chosenDifferences, createRuns, overlayLines, runRows, settingsOf } from '../../src/state/runs';
import type { Delay } from '../../src/state/schedule';
import { createSettings, DEFAULTS, fromTuneSettings, toTuneSettings } from '../../src/state/settings';
import type { ExportedFile } from '../../src/worker/protocol';
import { CURVE, EMPTY_CURVE, keptRun } from '../support/keptRun';
import { createScriptedRuns, type RunsScript } from '../support/scriptedRuns';

const A = keptRun('a');
const B = keptRun('b', {
  begun: 2_000,
  settings: toTuneSettings({ ...DEFAULTS, length: 4 }),
  ending: null,
  step: 1,
  validation: null,
});

async function opened(script: RunsScript = {}) {
  const calls: [string, ...unknown[]][] = [];
  const waiting: (() => void)[] = [];
  const delay: Delay = (run) => {
    waiting.push(run);
    return () => waiting.splice(waiting.indexOf(run), 1);
  };
  const saved: ExportedFile[] = [];
  const deletions: string[][] = [];
  const settings = createSettings();
  const engine = createScriptedRuns({
    runs: [A, B],
    curves: { a: CURVE, b: EMPTY_CURVE },
    beforeKept: (method, args) => {
      calls.push([method, ...args]);
    },
    ...script,
  });
  const runs = createRuns(engine, {
    delay,
    save: (file) => saved.push(file),
    settings,
    onDeleted: () => deletions.push(ids()),
  });
  await runs.refresh();
  const ids = () => runRows(runs.store.getState(), undefined).map(({ run }) => run.id);
  return { runs, calls, deletions, waiting, saved, settings, ids, state: () => runs.store.getState() };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

const step = (at: number, loss: number) =>
  ({
    type: 'step',
    step: at,
    steps: 150,
    loss,
    learningRate: 0.1,
    gradNorm: 1,
    tokensPerSecond: 1,
    secondsLeft: 1,
    deviceBytes: 1,
  }) as const;

/** The run under way that is kept as `b`, at its second step. */
const live = project(beginRecord(7, B.settings, { dataset: 'reviews.csv', model: 'fable-7m' }), [
  { type: 'kept', runId: 'b' },
  { type: 'baseline', loss: 2.5, accuracy: 0.5 },
  { type: 'validation', step: 0, loss: 2.4, accuracy: 0.5 },
  step(1, 2),
  step(2, Number.NaN),
]);

describe('the table of runs', () => {
  it('says how far each came, and of the one under way what the page knows', async () => {
    const { state } = await opened();
    expect(runRows(state(), live)).toEqual([
      {
        run: A,
        status: 'finished',
        step: 3,
        steps: 150,
        loss: 1.5,
        accuracy: 0.75,
        baseLoss: 2.5,
        baseAccuracy: 0.5,
      },
      {
        run: B,
        status: 'running',
        step: 2,
        steps: 150,
        loss: 2.4,
        accuracy: 0.5,
        baseLoss: 2.5,
        baseAccuracy: 0.5,
      },
    ]);
    expect(runRows(state(), undefined)[1]).toMatchObject({ status: 'running', step: 1, loss: null });
  });

  it('is read anew when a run begins to be kept and when it ends, not in between', async () => {
    const { runs, calls } = await opened();
    const before = calls.length;
    await runs.follow(live, undefined);
    await runs.follow({ ...live, step: 3 }, live);
    expect(calls.slice(before)).toEqual([['runs']]);
    runs.select('b', true);
    await settle();
    await runs.follow({ ...live, phase: 'done' }, live);
    expect(calls.slice(before + 1)).toEqual([['runCurve', 'b'], ['runs'], ['runCurve', 'b']]);
  });
});

describe('the runs of a sweep', () => {
  it('are told to have ended when the next begins in the same moment', async () => {
    const { runs, calls } = await opened();
    runs.select('b', true);
    await settle();
    const before = calls.length;
    const next = beginRecord(8, A.settings, { dataset: 'reviews.csv', model: 'fable-7m' });
    await runs.follow(next, live);
    expect(calls.slice(before)).toEqual([['runs'], ['runCurve', 'b']]);
  });
});

describe('the overlay', () => {
  it('draws the chosen runs, the one under way as far as it is', async () => {
    const { runs, state } = await opened();
    runs.select('b', true);
    runs.select('a', true);
    await settle();
    expect(overlayLines(state(), live)).toEqual([
      {
        id: 'b',
        name: B.name,
        curve: {
          train: { steps: [1, 2], losses: [2, null] },
          validation: [{ step: 0, loss: 2.4, accuracy: null }],
        },
      },
      { id: 'a', name: A.name, curve: CURVE },
    ]);
    expect(chosenDifferences(state())).toEqual([{ name: 'Length', values: ['4 virtual tokens', '16 virtual tokens'] }]);
    runs.select('b', false);
    expect(overlayLines(state(), live).map(({ id }) => id)).toEqual(['a']);
  });

  it('asks for a curve once', async () => {
    const { runs, calls } = await opened();
    for (const selected of [true, false, true]) {
      runs.select('a', selected);
      await settle();
    }
    expect(calls.filter(([method]) => method === 'runCurve')).toHaveLength(1);
  });
});

describe('a run', () => {
  it('is renamed, though never to nothing', async () => {
    const { runs, state, calls } = await opened();
    await runs.rename('a', '  Short prefix ');
    expect(state().listing?.runs.map(({ name }) => name)).toEqual(['Short prefix', B.name]);
    await runs.rename('a', ' ');
    expect(calls.filter(([method]) => method === 'renameRun')).toHaveLength(1);
  });

  it('is copied: its settings stand in the form, where nothing suggests others', async () => {
    const { runs, settings } = await opened();
    runs.duplicate('b');
    settings.suggest({ length: 32 });
    expect(toTuneSettings(settings.store.getState())).toEqual(B.settings);
  });

  it.each([
    { ...DEFAULTS, method: 'prefix', initType: 'random', encoded: true, encoderWidth: 64, frozenTokens: 2 },
    { ...DEFAULTS, method: 'prompt', initText: 'Say it.', encoded: true },
    { ...DEFAULTS, method: 'lora', rank: 3, alpha: 9, dropout: 0.2, targets: ['gate'] },
  ] as const)('of $method comes back into the form as it was', (state) => {
    const settings = toTuneSettings(state);
    expect(toTuneSettings({ ...DEFAULTS, ...fromTuneSettings(settings) })).toEqual(settings);
  });

  it('tells the settings that its adapter was tuned with, and none of an adapter of no run', async () => {
    const tuned = keptRun('c', { settings: B.settings, adapter: { id: 'of-c', parameters: 8, bytes: 32 } });
    const { state } = await opened({ runs: [A, tuned] });
    expect(settingsOf(state(), 'of-c')).toEqual(B.settings);
    expect(settingsOf(state(), 'brought')).toBeNull();
    expect(settingsOf(state(), null)).toBeNull();
  });

  it('is exported as a line of JSON with its curve', async () => {
    const { runs, saved } = await opened();
    await runs.export(['a', 'b']);
    expect(saved.map(({ name }) => name)).toEqual(['runs.jsonl']);
    const lines = new TextDecoder().decode(saved[0]?.bytes).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { ...A, curve: CURVE },
      { ...B, curve: EMPTY_CURVE },
    ]);
  });
});

describe('deleting runs', () => {
  it('waits, and can be undone until then', async () => {
    const { runs, calls, waiting, ids } = await opened();
    runs.remove(['a']);
    expect(ids()).toEqual(['b']);
    runs.undo();
    expect([ids(), waiting]).toEqual([['a', 'b'], []]);
    expect(calls.map(([method]) => method)).not.toContain('deleteRuns');
  });

  it('is carried out after the wait, and takes them out of the overlay', async () => {
    const { runs, calls, deletions, waiting, ids, state } = await opened();
    runs.select('a', true);
    await settle();
    runs.remove(['a']);
    waiting[0]?.();
    expect([ids(), state().selectedIds]).toEqual([['b'], []]);
    await settle();
    expect(calls).toContainEqual(['deleteRuns', ['a']]);
    expect([ids(), state().leaving]).toEqual([['b'], []]);
    expect(deletions, 'told once it is done').toEqual([['b']]);
  });

  it('carries out an earlier one that still waits', async () => {
    const { runs, calls, ids } = await opened();
    runs.remove(['a']);
    runs.remove(['b']);
    await settle();
    expect(calls).toContainEqual(['deleteRuns', ['a']]);
    runs.undo();
    expect(ids()).toEqual(['b']);
  });

  it('that fails says why, and the list shows what is still there', async () => {
    const { runs, waiting, ids, state } = await opened({
      beforeKept: (method) => {
        if (method === 'deleteRuns') throw new Error('This run is still under way.');
      },
    });
    runs.remove(['b']);
    waiting[0]?.();
    await settle();
    expect(ids()).toEqual(['a', 'b']);
    expect(state().problem?.message).toBe('This run is still under way.');
  });
});
