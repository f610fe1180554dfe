/** Runs and sweeps of a visit: what the rest of the page learns of them, and they of it. */
import { describe, expect, it } from 'vitest';
import { losesWork } from '../../src/state/leaving';
import { createSession } from '../../src/state/session';
import { DEFAULTS, toTuneSettings } from '../../src/state/settings';
import { parseUrl } from '../../src/state/url';
import { whyNotSweep, whyNotTune } from '../../src/state/whyNot';
import { beginSweep, reportOf, setRun } from '../../src/tuning/sweep';
import type { KeptSweep, SweepEvent, SweepPoint, SweepSettings, SweepState } from '../../src/worker/runsProtocol';
import { keptRun } from '../support/keptRun';
import { createScriptedEngine, fallingLoss, type Script } from '../support/scriptedEngine';

/** Long enough for every promise of a scripted engine to settle. */
const settle = async () => {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function visit(script: Script = {}) {
  const engine = createScriptedEngine({ plan: [POINT], ...script });
  const session = createSession(engine, {
    url: parseUrl(''),
    schedule: (flush) => flush(),
    delay: () => () => {},
    fetchSample: async () => '[]',
    save: () => {},
  });
  session.begin();
  session.dataset.openText('reviews.tsv', 'Fine.\tgood\nCold.\tbad');
  await settle();
  return { engine, session, callsOf: (method: string) => engine.calls.filter((call) => call.method === method).length };
}

const POINT: SweepPoint = { method: 'prefix', size: 4, learningRate: 0.05, init: { type: 'zero' }, seed: 0 };
const begun = beginSweep([POINT, { ...POINT, size: 8 }], null, 150);
const result = { runId: 'run-2', step: 150, loss: 0.5, accuracy: 0.8, parameters: 4096 };
const kept = (settings: SweepSettings, state: SweepState, phase: KeptSweep['phase']): KeptSweep => ({
  id: 'sweep-1',
  name: 'Lengths',
  begun: 1_000,
  model: keptRun('').model,
  dataset: keptRun('').dataset,
  settings,
  state,
  phase,
  report: reportOf(state),
});

/** A sweep whose first run ends. */
function sweepOf(settings: SweepSettings): SweepEvent[] {
  return [
    { type: 'sweep', sweep: kept(settings, setRun(begun, 1, { status: 'running' }), 'running') },
    { type: 'begins', run: 1, settings: { ...settings.shared, method: PREFIX, learningRate: 0.05, seed: 0 } },
    { type: 'run', run: 1, event: { type: 'kept', runId: 'run-2' } },
    { type: 'sweep', sweep: kept(settings, setRun(begun, 1, { status: 'done', result }), 'stopped') },
  ];
}

const PREFIX = { type: 'prefix', length: 4, init: { type: 'zero' }, projection: null, frozenTokens: 0 } as const;
const SHARED: SweepSettings = {
  space: { methods: [], seeds: [0] },
  strategy: { type: 'grid' },
  halving: null,
  shared: toTuneSettings(DEFAULTS),
};

describe('the runs that are kept', () => {
  it('are listed from the first moment, and anew when a run begins to be kept and when it ends', async () => {
    const reads: string[] = [];
    const { session } = await visit({
      beforeKept: (method) => void reads.push(method),
      events: (settings) => [{ type: 'kept', runId: 'run-1' }, ...fallingLoss(settings)],
    });
    expect(reads).toContain('runs');
    expect(reads).toContain('sweeps');
    const before = reads.length;
    session.tune();
    await settle();
    expect(reads.slice(before)).toEqual(['runs', 'runs']);
  });
});

describe('a sweep', () => {
  it('counts its runs from the first moment, and again when a setting changes that they share', async () => {
    const plans: unknown[] = [];
    const { session } = await visit({
      beforeKept: (method, [settings]) => {
        if (method === 'planSweep') plans.push(settings);
      },
    });
    expect(plans).not.toHaveLength(0);
    expect(session.sweep.store.getState().plan).toEqual([POINT]);
    session.settings.set({ batchSize: 4 });
    await settle();
    session.sweep.set({ seeds: '1, 2' });
    await settle();
    expect(plans.slice(-2)).toMatchObject([{ shared: { batchSize: 4 } }, { space: { seeds: [1, 2] } }]);
  });

  it('says why it cannot start, and starts when nothing stands against it', async () => {
    const { session } = await visit({ sweepEvents: sweepOf(SHARED) });
    session.sweep.set({ seeds: 'x' });
    expect(whyNotSweep(session)).toBe('“x” is no list of numbers; write for example 4, 8, 16.');
    session.startSweep();
    expect(session.sweep.store.getState().phase).toBe('idle');
    session.sweep.set({ seeds: '0' });
    await settle();
    expect(whyNotSweep(session)).toBeNull();
    session.startSweep();
    expect(session.sweep.store.getState().phase).toBe('running');
    expect(whyNotTune(session)).toBe('A search is under way; the strip below stops it.');
    expect(losesWork(session)).toBe(true);
    await settle();
    expect([whyNotTune(session), losesWork(session)]).toEqual([null, false]);
  });

  it('leaves the adapters of its runs in the library, and says how long a run takes now', async () => {
    const { session, callsOf } = await visit({ sweepEvents: sweepOf(SHARED) });
    const [adapters, estimates] = [callsOf('adapters'), callsOf('estimate')];
    session.startSweep();
    await settle();
    expect([callsOf('adapters') - adapters, callsOf('estimate') - estimates]).toEqual([1, 1]);
  });

  it('that was stopped is taken up by its name', async () => {
    const calls: unknown[] = [];
    const { session } = await visit({
      sweeps: [kept(SHARED, begun, 'stopped')],
      sweepEvents: sweepOf(SHARED),
      beforeKept: (method, args) => {
        if (method === 'resumeSweep') calls.push(args);
      },
    });
    session.resumeSweep('sweep-1');
    await settle();
    expect(calls).toEqual([['sweep-1']]);
    expect(session.sweep.store.getState().current?.id).toBe('sweep-1');
  });
});
