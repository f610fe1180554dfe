/** What is kept, over both kinds of tables: Node's memory, and a database as browsers have it. */
import 'fake-indexeddb/auto';
import { deleteDB, openDB } from 'idb';
import { describe, expect, it } from 'vitest';
import { localLocks } from '../../../src/models';
import { beginSweep } from '../../../src/tuning/sweep';
import { indexedDbTables } from '../../../src/worker/store/indexedDbTables';
import { memoryTables } from '../../../src/worker/store/memoryTables';
import type { StoredSweep } from '../../../src/worker/store/records';
import { RunStore } from '../../../src/worker/store/runStore';
import type { Change, Tables } from '../../../src/worker/store/tables';
import { CURVE, EMPTY_CURVE, keptAdapter, keptRun, REVIEWS } from '../../support/keptRun';

let databases = 0;
const kinds = { memory: async () => memoryTables(), indexeddb: () => indexedDbTables(`test-${++databases}`) };

const { method, learningRate: _, seed: __, ...shared } = keptRun('').settings;

const SWEEP: StoredSweep = {
  id: 'sweep-1',
  name: 'Lengths',
  begun: 500,
  model: keptRun('').model,
  dataset: keptRun('').dataset,
  settings: {
    space: { methods: [{ method, sizes: [2, 4], learningRates: [0.1], inits: [{ type: 'zero' }] }], seeds: [0] },
    strategy: { type: 'grid' },
    halving: { minSteps: 2, eta: 2 },
    shared,
  },
  state: beginSweep(
    [
      { method: 'prefix', size: 2, learningRate: 0.1, init: { type: 'zero' }, seed: 0 },
      { method: 'prefix', size: 4, learningRate: 0.1, init: { type: 'zero' }, seed: 0 },
    ],
    { minSteps: 2, eta: 2 },
    8,
  ),
};

describe.each(Object.entries(kinds))('the store in %s', (kind, open) => {
  const made = async () => {
    const tables = await open();
    return { tables, store: new RunStore(tables, localLocks()) };
  };

  it('gives back runs with their curves, oldest first, and the dataset they were made with', async () => {
    const { tables, store } = await made();
    await store.begin(keptRun('b', { begun: 2 }), EMPTY_CURVE, REVIEWS);
    await store.begin(keptRun('a', { begun: 3 }), EMPTY_CURVE, REVIEWS);
    await store.update(keptRun('b', { begun: 2, step: 9 }), CURVE);
    const reloaded = new RunStore(tables, localLocks());
    expect(await reloaded.runs()).toEqual({
      runs: [keptRun('b', { begun: 2, step: 9 }), keptRun('a', { begun: 3 })],
      warnings: [],
      storage: kind,
    });
    expect(await reloaded.curve('b')).toEqual(CURVE);
    expect(await reloaded.curve('a')).toEqual(EMPTY_CURVE);
    expect(await reloaded.dataset('data-1')).toEqual(REVIEWS);
  });

  it('gives back adapters with their bytes', async () => {
    const { store } = await made();
    const weights = Uint8Array.of(1, 2, 250);
    await store.putAdapter(keptAdapter('x'), weights);
    expect(await store.adapters()).toEqual({ records: [keptAdapter('x')], warnings: [] });
    expect(await store.weights('x')).toEqual(weights);
    await store.renameAdapter('x', 'Mine');
    expect((await store.adapters()).records).toMatchObject([{ summary: { id: 'x', name: 'Mine' } }]);
    await store.removeAdapter('x');
    expect([(await store.adapters()).records, await store.weights('x')]).toEqual([[], null]);
  });

  it('lets a run stay whose adapter is deleted', async () => {
    const { store } = await made();
    const adapter = { id: 'of-a', parameters: 8, bytes: 32 };
    await store.begin(keptRun('a', { adapter }), CURVE, REVIEWS);
    await store.putAdapter(keptAdapter('of-a', { runId: 'a' }), Uint8Array.of(1));
    await store.removeAdapter('of-a');
    expect((await store.runs()).runs).toEqual([keptRun('a', { adapter: null })]);
  });

  it('gives back sweeps, and forgets one with the dataset that only it used', async () => {
    const { store } = await made();
    await store.putSweep(SWEEP, REVIEWS);
    expect((await store.sweeps()).records).toEqual([SWEEP]);
    expect(await store.sweep('sweep-1')).toEqual(SWEEP);
    await store.removeSweep('sweep-1');
    expect([await store.sweep('sweep-1'), await store.dataset('data-1')]).toEqual([null, null]);
  });

  it('deletes a run with its curve and adapter, and a dataset with the last that used it', async () => {
    const { store } = await made();
    for (const id of ['a', 'b']) await store.begin(keptRun(id), CURVE, REVIEWS);
    await store.putAdapter(keptAdapter('of-a', { runId: 'a' }), Uint8Array.of(1));
    await store.putAdapter(keptAdapter('imported'), Uint8Array.of(2));
    await store.removeRuns(['a']);
    expect((await store.runs()).runs.map(({ id }) => id)).toEqual(['b']);
    expect([await store.curve('a'), await store.weights('of-a')]).toEqual([null, null]);
    expect((await store.adapters()).records.map(({ summary }) => summary.id)).toEqual(['imported']);
    expect(await store.dataset('data-1')).toEqual(REVIEWS);
    await store.removeRuns(['b']);
    expect(await store.dataset('data-1')).toBeNull();
  });

  it('leaves out what is damaged or newer with a warning, and reads the rest', async () => {
    const { tables, store } = await made();
    await store.begin(keptRun('whole'), CURVE, REVIEWS);
    await tables.write([
      { type: 'put', table: 'runs', key: 'torn', value: { version: 1, record: { ...keptRun('torn'), settings: 5 } } },
      { type: 'put', table: 'runs', key: 'new', value: { version: 2, record: {} } },
      { type: 'put', table: 'runs', key: 'junk', value: 'junk' },
      { type: 'put', table: 'curves', key: 'whole', value: null },
    ]);
    const { runs, warnings } = await store.runs();
    expect(runs.map(({ id }) => id)).toEqual(['whole']);
    expect([...warnings].sort()).toEqual([
      'A kept run (junk) is damaged and is left out.',
      'A kept run (new) was written by a newer Prelude and is left out; reload the page to get it.',
      'A kept run (torn) is damaged (record.settings) and is left out.',
    ]);
    expect(await store.curve('whole')).toBeNull();
  });

  it('keeps the dataset of a run that this version cannot read', async () => {
    const { tables, store } = await made();
    await store.begin(keptRun('old'), CURVE, REVIEWS);
    const newer = { version: 2, record: { dataset: { id: 'data-1' } } };
    await tables.write([{ type: 'put', table: 'runs', key: 'newer', value: newer }]);
    await store.removeRuns(['old']);
    expect(await store.dataset('data-1')).toEqual(REVIEWS);
  });

  it('writes all of a change or nothing', async () => {
    const { tables } = await made();
    const put = (key: string, value: unknown): Change => ({ type: 'put', table: 'runs', key, value });
    await tables.write([put('a', 1)]);
    await expect(tables.write([put('a', 2), put('b', () => 'no data')])).rejects.toThrow();
    expect(await tables.all('runs')).toEqual([{ key: 'a', value: 1 }]);
  });
});

describe('a run under way', () => {
  it('is known as such in every tab, and as interrupted once its tab is gone', async () => {
    const [tables, browser] = [memoryTables(), localLocks()];
    const [here, there] = [new RunStore(tables, browser), new RunStore(tables, browser)];
    const release = await here.claim('a');
    await here.begin(keptRun('a', { ending: null, step: 7 }), CURVE, REVIEWS);
    expect((await there.runs()).runs).toMatchObject([{ ending: null }]);
    await expect(there.removeRuns(['a'])).rejects.toThrow('still under way');
    release?.();
    expect((await there.runs()).runs).toMatchObject([
      { ending: 'interrupted', message: 'The page was closed at step 7, before the run had ended.' },
    ]);
    await there.removeRuns(['a']);
    expect((await here.runs()).runs).toEqual([]);
  });

  it('keeps the name it is given meanwhile, and stays deleted', async () => {
    const store = new RunStore(memoryTables(), localLocks());
    await store.begin(keptRun('a'), EMPTY_CURVE, REVIEWS);
    await store.rename('a', 'My run');
    await store.update(keptRun('a', { step: 8 }), CURVE);
    expect((await store.runs()).runs).toMatchObject([{ name: 'My run', step: 8 }]);
    await store.removeRuns(['a']);
    await store.update(keptRun('a', { step: 9 }), CURVE);
    await store.rename('a', 'Again');
    expect((await store.runs()).runs).toEqual([]);
  });
});

describe('numbers', () => {
  it('are given once, also to two who ask at the same time in two tabs', async () => {
    const [tables, browser] = [memoryTables(), localLocks()];
    const tabs = [new RunStore(tables, browser), new RunStore(tables, browser)];
    const asked = await Promise.all([0, 1, 0, 1].map((tab) => tabs[tab]?.nextNumber()));
    expect([...asked].sort()).toEqual([1, 2, 3, 4]);
  });

  it.each([
    ['damaged', { version: 1, record: 'junk' }],
    ['of a newer version', { version: 2, record: { next: 8n } }],
    ['gone', undefined],
  ])('go on above what is kept where the counter is %s', async (_, counter) => {
    const tables = memoryTables();
    const store = new RunStore(tables, localLocks());
    await store.begin(keptRun('run-2'), CURVE, REVIEWS);
    await store.putAdapter(keptAdapter('adapter-7'), Uint8Array.of(1));
    await store.putSweep({ ...SWEEP, id: 'sweep-5' });
    await tables.write([{ type: 'put', table: 'counters', key: 'numbers', value: counter }]);
    expect([await store.nextNumber(), await store.nextNumber()]).toEqual([8, 9]);
  });
});

describe('a dataset', () => {
  it('has one name for the same rows and options, in whatever order they are written', async () => {
    const { rows, options } = REVIEWS;
    const id = await RunStore.datasetId(REVIEWS);
    const { seed, ...others } = options;
    expect(await RunStore.datasetId({ options: { seed, ...others }, rows: { ...rows, name: 'copy.csv' } })).toBe(id);
    expect(await RunStore.datasetId({ ...REVIEWS, rows: { ...rows, rows: rows.rows.slice(1) } })).not.toBe(id);
    expect(await RunStore.datasetId({ ...REVIEWS, options: { ...options, seed: 2 } })).not.toBe(id);
  });
});

describe('what cannot be written', () => {
  const failing = (error: unknown): Tables => ({ ...memoryTables(), write: () => Promise.reject(error) });

  it('for want of room is told with what to do', async () => {
    const full = new RunStore(failing(new DOMException('full', 'QuotaExceededError')), localLocks());
    await expect(full.putSweep(SWEEP)).rejects.toMatchObject({
      kind: 'device',
      message: 'This browser has no room left to keep runs and adapters.',
      hint: expect.stringContaining('Delete runs or models'),
    });
    expect((await full.runs()).warnings).toEqual([expect.stringContaining('no room left')]);
  });

  it('is told of until something is written again, not until there was nothing to write', async () => {
    const memory = memoryTables();
    let isFull = true;
    const write = async (changes: readonly Change[]) => {
      if (isFull && changes.length > 0) throw new DOMException('full', 'QuotaExceededError');
      await memory.write(changes);
    };
    const store = new RunStore({ ...memory, write }, localLocks());
    await expect(store.putSweep(SWEEP)).rejects.toThrow('no room left');
    await store.rename('a run that is gone', 'Mine');
    expect((await store.runs()).warnings).toEqual([expect.stringContaining('no room left')]);
    isFull = false;
    await store.putSweep(SWEEP);
    expect((await store.runs()).warnings).toEqual([]);
  });

  it('for another reason is told with that', async () => {
    const broken = new RunStore(failing(new Error('disk error')), localLocks());
    await expect(broken.rename('a', 'b')).rejects.toMatchObject({
      kind: 'device',
      message: 'This browser could not keep a run or adapter: disk error',
    });
  });
});

describe('a database that could not be opened again', () => {
  it('is tried anew with the next call', async () => {
    const name = `test-${++databases}`;
    const tables = await indexedDbTables(name);
    // Another tab brings a newer version of the page, for which this one makes way.
    const newer = await openDB(name, 2);
    await expect(tables.get('runs', 'a')).rejects.toMatchObject({ name: 'VersionError' });
    newer.close();
    await deleteDB(name);
    expect(await tables.get('runs', 'a')).toBeUndefined();
  });
});
