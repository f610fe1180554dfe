/** Sweeps on the real engine: run after run, stopped early, stopped by hand, taken up after a reload. */
import { afterEach, describe, expect, it } from 'vitest';
import { localLocks } from '../../src/models';
import type { SweepEvent, SweepSettings } from '../../src/worker/runsProtocol';
import { memoryTables, RunStore } from '../../src/worker/store';
import {
  bundledSource,
  type NodeEngine,
  quickMethod,
  quickRun,
  readyTinyEngine,
  tinyEngine,
} from '../support/nodeEngine';

const { method: _, learningRate: __, seed: ___, ...shared } = quickRun;

const sweepOf = (
  sizes: readonly number[],
  learningRates: readonly number[],
  change: Partial<SweepSettings> = {},
): SweepSettings => ({
  space: { methods: [{ method: quickMethod, sizes, learningRates, inits: [quickMethod.init] }], seeds: [1] },
  strategy: { type: 'grid' },
  halving: null,
  shared: { ...shared, steps: 2 },
  ...change,
});

const open: NodeEngine[] = [];
const ready = async (store?: RunStore): Promise<NodeEngine> => {
  const made = await readyTinyEngine(store);
  open.push(made);
  return made;
};
afterEach(async () => {
  for (const { engine } of open.splice(0)) await engine.unloadModel();
});

const statuses = (sweep: { readonly state: { readonly runs: readonly { readonly state: { status: string } }[] } }) =>
  sweep.state.runs.map(({ state }) => state.status);

/** Several runs on the real model each. */
const patience = { timeout: 60_000 };

describe('a sweep', patience, () => {
  it('makes a kept run of every configuration, and says which is the smallest that will do', async () => {
    const { engine } = await ready();
    const events: SweepEvent[] = [];
    const settings = sweepOf([2, 4], [0.02]);
    expect(await engine.planSweep(settings)).toHaveLength(2);
    const sweep = await engine.sweep(settings, (event) => events.push(event));
    expect(sweep).toMatchObject({ id: 'sweep-1', name: 'reviews · sweep #1', phase: 'finished' });
    expect(statuses(sweep)).toEqual(['done', 'done']);
    expect(sweep.report.series).toMatchObject([{ method: 'prefix', points: [{ size: 2 }, { size: 4 }] }]);
    expect(sweep.report.answer).toMatch(/^Prefix-tuning with \d virtual tokens/);
    const { runs } = await engine.runs();
    expect(runs).toMatchObject([
      { id: 'run-2', sweepId: 'sweep-1', ending: 'finished', settings: { method: { length: 2 } } },
      { id: 'run-3', sweepId: 'sweep-1', ending: 'finished', settings: { method: { length: 4 } } },
    ]);
    expect((await engine.adapters()).usable.map(({ id }) => id)).toEqual(runs.map(({ adapter }) => adapter?.id));
    expect((await engine.sweeps()).sweeps).toEqual([sweep]);
    const steps = events.flatMap((event) =>
      event.type === 'run' && event.event.type === 'step' ? [[event.run, event.event.step]] : [],
    );
    expect(steps).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
    ]);
    expect(events.filter(({ type }) => type === 'begins')).toHaveLength(2);
    expect(events.at(-1)).toEqual({ type: 'sweep', sweep });
  });

  it('stops a run that is worse at a rung, and keeps its curve but not its adapter', async () => {
    const { engine } = await ready();
    const halving = { minSteps: 2, eta: 2 };
    const sweep = await engine.sweep(
      sweepOf([4], [0.02, 1e-7], { halving, shared: { ...shared, steps: 5 } }),
      () => {},
    );
    expect(statuses(sweep)).toEqual(['done', 'stopped-early']);
    expect(sweep.state.rungs.map(({ step, losses }) => [step, losses.length])).toEqual([
      [2, 2],
      [4, 1],
    ]);
    const { runs } = await engine.runs();
    expect(runs.map(({ ending, step, adapter }) => [ending, step, adapter === null])).toEqual([
      ['finished', 5, false],
      ['stopped-early', 2, true],
    ]);
    expect((await engine.runCurve(runs[1]?.id ?? ''))?.train.steps).toEqual([1, 2]);
    expect((await engine.adapters()).usable).toHaveLength(1);
  });

  it('calls a run whose loss is no number at a rung diverged, and stays readable', async () => {
    const { engine } = await ready();
    const sweep = await engine.sweep(
      sweepOf([2], [0.02, 3e38], { halving: { minSteps: 1, eta: 2 }, shared: { ...shared, steps: 3 } }),
      () => {},
    );
    expect(sweep.state.runs.map(({ state }) => state)).toMatchObject([
      { status: 'done' },
      { status: 'failed', message: expect.stringContaining('Lower the learning rate') },
    ]);
    expect(sweep.state.rungs[0]?.losses).toEqual([
      { run: 1, loss: expect.any(Number) },
      { run: 2, loss: null },
    ]);
    expect((await engine.runs()).runs.map(({ ending }) => ending)).toEqual(['finished', 'diverged']);
    expect(await engine.sweeps()).toEqual({ sweeps: [sweep], warnings: [] });
  });

  it('goes on where nothing can be kept, and says so', async () => {
    const full = { ...memoryTables(), write: () => Promise.reject(new DOMException('full', 'QuotaExceededError')) };
    const { engine } = await ready(new RunStore(full, localLocks()));
    expect(statuses(await engine.sweep(sweepOf([2, 4], [0.02]), () => {}))).toEqual(['done', 'done']);
    expect((await engine.adapters()).usable).toHaveLength(2);
    expect((await engine.runs()).warnings).toEqual([expect.stringContaining('no room left')]);
  });

  it('goes on after a configuration that cannot work', async () => {
    const { engine } = await ready();
    const sweep = await engine.sweep(sweepOf([600, 2], [0.02]), () => {});
    expect(sweep.state.runs.map(({ state }) => state)).toMatchObject([
      { status: 'failed', message: expect.stringContaining('600 virtual tokens') },
      { status: 'done' },
    ]);
    expect(sweep.phase).toBe('finished');
  });

  it('is one at a time, alone, and keeps its model', async () => {
    const { engine } = await ready();
    const refused: Promise<unknown>[] = [];
    const refusal = (work: Promise<unknown>) => work.catch((error: unknown) => error);
    await engine.sweep(sweepOf([2], [0.02]), (event) => {
      if (event.type !== 'run' || event.event.type !== 'step' || event.event.step !== 1) return;
      refused.push(refusal(engine.tune(quickRun, () => {})), refusal(engine.sweep(sweepOf([2], [0.1]), () => {})));
      refused.push(refusal(engine.loadModel(bundledSource, 'wasm', () => {})), refusal(engine.deleteSweep('sweep-1')));
    });
    expect(await Promise.all(refused)).toMatchObject([
      { kind: 'data', message: 'A sweep is under way.', hint: 'Stop it first.' },
      { kind: 'data', message: 'A run is already under way.' },
      { kind: 'model', hint: 'Stop it before changing the model.' },
      { kind: 'data', message: 'This sweep is still under way.' },
    ]);
  });

  it('makes no runs of a space that is empty, and leaves nothing behind', async () => {
    const { engine } = await ready();
    await expect(engine.sweep(sweepOf([], [0.02]), () => {})).rejects.toMatchObject({ where: { field: 'sizes' } });
    expect((await engine.sweeps()).sweeps).toEqual([]);
    expect((await engine.tune({ ...quickRun, steps: 1 }, () => {})).reason).toBe('finished');
  });
});

describe('a sweep that was stopped', patience, () => {
  it('begins no other run, also where the button is that of a run and the run has just ended', async () => {
    const { engine } = await ready();
    const sweep = await engine.sweep(sweepOf([2, 4], [0.02]), (event) => {
      if (event.type === 'run' && event.event.type === 'step' && event.event.step === 2) void engine.stop();
    });
    expect(statuses(sweep)).toEqual(['done', 'waiting']);
    expect(sweep.phase).toBe('stopped');
  });

  it('begins no run where it was stopped just before that', async () => {
    const { engine } = await ready();
    const begun: number[] = [];
    const sweep = await engine.sweep(sweepOf([2], [0.02]), (event) => {
      if (event.type === 'sweep' && statuses(event.sweep).includes('running')) void engine.stopSweep();
      if (event.type === 'begins') begun.push(event.run);
    });
    expect([statuses(sweep), begun, sweep.phase]).toEqual([['waiting'], [], 'stopped']);
  });

  it('belongs to the tab that resumes it before that reads it', async () => {
    const [tables, browser] = [memoryTables(), localLocks()];
    const { engine } = await ready(new RunStore(tables, browser));
    const { id } = await engine.sweep(sweepOf([2], [0.02]), () => {});
    const elsewhere = new RunStore(tables, browser);
    const claimed: boolean[] = [];
    const watched: typeof tables = {
      ...tables,
      async get(table, key) {
        if (table === 'sweeps') claimed.push(await elsewhere.isUnderWay(id));
        return tables.get(table, key);
      },
    };
    const second = await ready(new RunStore(watched, browser));
    const release = await elsewhere.claim(id);
    await expect(second.engine.resumeSweep(id, () => {})).rejects.toThrow('under way in another tab');
    expect(claimed).toEqual([]);
    release?.();
    expect((await second.engine.resumeSweep(id, () => {})).phase).toBe('finished');
    expect(claimed).toEqual([true]);
    expect(await elsewhere.isUnderWay(id)).toBe(false);
  });

  it('is taken up after a reload, with its dataset, where it was', async () => {
    const tables = memoryTables();
    const first = await ready(new RunStore(tables, localLocks()));
    const stopped = await first.engine.sweep(sweepOf([2, 4, 6], [0.02]), (event) => {
      if (event.type === 'run' && event.run === 2 && event.event.type === 'step') void first.engine.stopSweep();
    });
    expect(stopped.phase).toBe('stopped');
    expect(statuses(stopped)).toEqual(['done', 'waiting', 'waiting']);
    expect((await first.engine.adapters()).usable.map(({ id }) => id)).toEqual(['adapter-2']);
    await first.engine.unloadModel();

    const { engine } = tinyEngine(new RunStore(tables, localLocks()));
    await engine.loadModel(bundledSource, 'wasm', () => {});
    expect((await engine.sweeps()).sweeps).toEqual([stopped]);
    const run: number[] = [];
    const finished = await engine.resumeSweep(stopped.id, (event) => {
      if (event.type === 'begins') run.push(event.run);
    });
    expect(run).toEqual([2, 3]);
    expect(finished.phase).toBe('finished');
    expect(statuses(finished)).toEqual(['done', 'done', 'done']);
    expect(finished.state.runs[0]).toEqual(stopped.state.runs[0]);
    const { runs } = await engine.runs();
    expect(runs.map(({ ending, adapter }) => [ending, adapter?.id])).toEqual([
      ['finished', 'adapter-2'],
      ['interrupted', undefined],
      ['finished', 'adapter-4'],
      ['finished', 'adapter-5'],
    ]);
    expect((await engine.adapters()).usable).toHaveLength(3);
    expect(new Set(runs.map(({ dataset }) => dataset.id)).size).toBe(1);
    await engine.unloadModel();
  });

  it('begins again what was under way when the page crashed', async () => {
    const tables = memoryTables();
    const store = new RunStore(tables, localLocks());
    const { engine } = await ready(store);
    const sweep = await engine.sweep(sweepOf([2], [0.02]), () => {});
    const { phase: _, report: __, ...kept } = sweep;
    const cut = kept.state.runs.map((run) => ({ ...run, state: { status: 'running' as const } }));
    await store.putSweep({ ...kept, state: { ...kept.state, runs: cut } });
    expect((await engine.sweeps()).sweeps).toMatchObject([{ phase: 'stopped' }]);
    expect(statuses(await engine.resumeSweep(sweep.id, () => {}))).toEqual(['done']);
  });

  it('says which model to load, where another one is', async () => {
    const store = new RunStore(memoryTables(), localLocks());
    const { engine } = await ready(store);
    const { phase: _, report: __, ...kept } = await engine.sweep(sweepOf([2], [0.02]), () => {});
    await store.putSweep({ ...kept, model: { name: 'SmolLM2-135M', dtype: 'q4f16', fileBytes: 1_000_000 } });
    await expect(engine.resumeSweep(kept.id, () => {})).rejects.toMatchObject({
      kind: 'model',
      message: expect.stringContaining(
        'This sweep is of SmolLM2-135M (q4f16, 1,000,000 bytes); the loaded model is tiny',
      ),
      hint: 'Load SmolLM2-135M as q4f16, then resume the sweep.',
    });
    await engine.deleteSweep(kept.id);
    await expect(engine.resumeSweep(kept.id, () => {})).rejects.toThrow('This sweep is no longer kept.');
  });
});
