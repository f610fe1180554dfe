/** What the engine keeps of runs and adapters, and finds again when the page is opened anew. */
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { localLocks } from '../../src/models';
import type { TuneEvent } from '../../src/worker/protocol';
import { memoryTables, RunStore } from '../../src/worker/store';
import { bundledSource, type NodeEngine, quickRun, readyTinyEngine, reviews, tinyEngine } from '../support/nodeEngine';
import { ignore, textSource } from '../support/source';

const tables = memoryTables();
/** As another page of the same browser would have it. */
const openStore = () => new RunStore(tables, localLocks());

describe('after a reload', () => {
  const events: TuneEvent[] = [];
  let before: Extract<TuneEvent, { type: 'done' }>;
  let again: NodeEngine;
  beforeAll(async () => {
    const first = await readyTinyEngine(openStore());
    before = await first.engine.tune(quickRun, (event) => events.push(event));
    await first.engine.unloadModel();
    again = tinyEngine(openStore());
    await again.engine.loadModel(bundledSource, 'wasm', () => {});
  }, 60_000);
  afterAll(() => again.engine.unloadModel());

  it('a run is listed as it ended, with its settings and what was measured', async () => {
    const { runs, warnings } = await again.engine.runs();
    expect(warnings).toEqual([]);
    expect(runs).toMatchObject([
      {
        id: 'run-1',
        name: 'reviews · #1',
        model: { name: 'tiny', dtype: 'q4' },
        dataset: { name: 'reviews.csv' },
        settings: quickRun,
        step: 3,
        baseline: { loss: before.adapter.baseLoss },
        validation: { step: 3, loss: before.adapter.loss },
        ending: 'finished',
        message: 'Tuned for 3 steps.',
        adapter: { id: before.adapter.id, parameters: before.adapter.parameters, bytes: before.adapter.bytes },
      },
    ]);
    expect(events[0]).toEqual({ type: 'kept', runId: 'run-1' });
  });

  it('its curve has every step and validation', async () => {
    const losses = events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
    expect(await again.engine.runCurve('run-1')).toEqual({
      train: { steps: [1, 2, 3], losses },
      validation: events.flatMap((event) =>
        event.type === 'validation' ? [{ step: event.step, loss: event.loss, accuracy: event.accuracy }] : [],
      ),
    });
  });

  it('its adapter is there with the numbers it was tuned to', async () => {
    expect((await again.engine.adapters()).usable).toEqual([before.adapter]);
    await again.engine.setDataset(textSource('reviews.csv', reviews), { validationFraction: 0.2, seed: 1 }, ignore);
    expect((await again.engine.evaluate(before.adapter.id)).loss).toBeCloseTo(before.adapter.loss ?? Number.NaN, 6);
  });

  it('a new adapter has a name of its own, and new names stay', async () => {
    const { bytes } = await again.engine.exportAdapter(before.adapter.id, 'safetensors');
    const imported = await again.engine.importAdapter([new File([new Uint8Array(bytes)], 'mine.safetensors')]);
    expect(imported.id).not.toBe(before.adapter.id);
    await again.engine.renameAdapter(imported.id, 'Mine');
    await again.engine.renameRun('run-1', 'The first');
    const third = tinyEngine(openStore());
    await third.engine.loadModel(bundledSource, 'wasm', () => {});
    expect((await third.engine.adapters()).usable.map(({ name }) => name)).toEqual(['reviews · #1', 'Mine']);
    expect((await third.engine.runs()).runs.map(({ name }) => name)).toEqual(['The first']);
    await third.engine.unloadModel();
  });

  it('deleting a run takes its adapter along, and leaves others', async () => {
    await again.engine.deleteRuns(['run-1']);
    expect((await again.engine.runs()).runs).toEqual([]);
    expect((await again.engine.adapters()).usable.map(({ name }) => name)).toEqual(['Mine']);
    expect((await openStore().adapters()).records.map(({ summary }) => summary.name)).toEqual(['Mine']);
  });
});

it('an adapter of a model that is not loaded is listed as such, and leaves as the same files', async () => {
  const store = new RunStore(memoryTables(), localLocks());
  const first = await readyTinyEngine(store);
  const { adapter } = await first.engine.tune(quickRun, () => {});
  const exported = await first.engine.exportAdapter(adapter.id, 'zip');
  const described = await first.engine.describeExport(adapter.id);
  await first.engine.unloadModel();

  const { engine } = tinyEngine(store);
  expect(await engine.adapters()).toEqual({ usable: [], others: [adapter] });
  expect(await engine.exportAdapter(adapter.id, 'zip')).toEqual(exported);
  expect(await engine.describeExport(adapter.id)).toEqual(described);
  await engine.renameAdapter(adapter.id, 'Mine');
  expect((await engine.adapters()).others).toEqual([{ ...adapter, name: 'Mine' }]);
  const renamed = unzipSync((await engine.exportAdapter(adapter.id, 'zip')).bytes);
  const text = (name: string) => new TextDecoder().decode(renamed[`mine/${name}`]);
  expect(JSON.parse(text('prelude.json'))).toMatchObject({ name: 'Mine', steps: 3 });
  expect(text('README.md')).toContain('\n# Mine\n');
  await engine.deleteAdapter(adapter.id);
  expect(await engine.adapters()).toEqual({ usable: [], others: [] });
  await expect(engine.exportAdapter(adapter.id, 'zip')).rejects.toThrow('This adapter no longer exists.');
  await expect(engine.renameAdapter(adapter.id, 'Gone')).rejects.toThrow('This adapter no longer exists.');
});

it('an adapter that is deleted while its model loads is gone at once, and stays so', async () => {
  const store = new RunStore(memoryTables(), localLocks());
  const first = await readyTinyEngine(store);
  await first.engine.tune({ ...quickRun, steps: 1 }, () => {});
  await first.engine.unloadModel();

  const { engine } = tinyEngine(store);
  const read = store.weights.bind(store);
  vi.spyOn(store, 'weights').mockImplementationOnce(async (id) => {
    const bytes = await read(id);
    await engine.deleteAdapter(id);
    return bytes;
  });
  await engine.loadModel(bundledSource, 'wasm', () => {});
  expect(await engine.adapters()).toEqual({ usable: [], others: [] });
  await engine.unloadModel();
});

it('a model is there also where its kept adapters cannot be read, and the listing of runs says so', async () => {
  const whole = memoryTables();
  const all: typeof whole.all = (table) =>
    table === 'adapters' ? Promise.reject(new Error('the disk is broken')) : whole.all(table);
  const { engine, decoder } = await readyTinyEngine(new RunStore({ ...whole, all }, localLocks()));
  expect((await engine.evaluate(null)).loss).toBeGreaterThan(0);
  const warning = 'The adapters kept for tiny could not be read: the disk is broken';
  expect((await engine.runs()).warnings).toEqual([expect.stringContaining(warning)]);
  await engine.unloadModel();
  expect((await decoder()).backend.live()).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
});

describe('a run that cannot work', () => {
  let at: NodeEngine;
  beforeAll(async () => {
    at = await readyTinyEngine(new RunStore(memoryTables(), localLocks()));
  }, 60_000);
  afterAll(() => at.engine.unloadModel());

  it('leaves no record where it is refused at once', async () => {
    await expect(at.engine.tune({ ...quickRun, steps: -1 }, () => {})).rejects.toThrow();
    expect((await at.engine.runs()).runs).toEqual([]);
  });

  it('is kept as failed where it fails on the way', async () => {
    const failing = at.engine.tune(quickRun, ({ type }) => {
      if (type === 'step') throw new Error('the page broke');
    });
    await expect(failing).rejects.toThrow('the page broke');
    expect((await at.engine.runs()).runs).toMatchObject([
      { ending: 'failed', message: 'the page broke', adapter: null },
    ]);
  });
});

it('a run goes on where nothing can be kept, and says so', async () => {
  const full = { ...memoryTables(), write: () => Promise.reject(new DOMException('full', 'QuotaExceededError')) };
  const { engine } = await readyTinyEngine(new RunStore(full, localLocks()));
  const problems: TuneEvent[] = [];
  const done = await engine.tune(quickRun, (event) => {
    if (event.type === 'unkept') problems.push(event);
  });
  expect(done).toMatchObject({ reason: 'finished', adapter: { id: 'adapter-1' } });
  expect(problems[0]).toMatchObject({ problem: { kind: 'device', hint: expect.stringContaining('Delete runs') } });
  expect((await engine.adapters()).usable).toEqual([done.adapter]);
  expect((await engine.runs()).warnings).toEqual([expect.stringContaining('no room left')]);
  await engine.unloadModel();
});

it('a run whose adapter could not be kept names none once it is read back', async () => {
  const memory = memoryTables();
  const write: typeof memory.write = async (changes) => {
    if (changes.some(({ table }) => table === 'weights')) throw new DOMException('full', 'QuotaExceededError');
    await memory.write(changes);
  };
  const { engine } = await readyTinyEngine(new RunStore({ ...memory, write }, localLocks()));
  const done = await engine.tune({ ...quickRun, steps: 1 }, () => {});
  expect((await engine.adapters()).usable).toEqual([done.adapter]);
  expect((await engine.runs()).runs).toMatchObject([{ ending: 'finished', adapter: null }]);
  await engine.unloadModel();
});

it('an adapter whose validation was no number is kept, and leaves', async () => {
  const store = new RunStore(memoryTables(), localLocks());
  const { engine } = await readyTinyEngine(store);
  // Infinite as a 32-bit number; times the zeros that LoRA begins with it is none.
  const method = { type: 'lora', rank: 2, alpha: 1e300, dropout: 0, targets: ['q'] } as const;
  const done = await engine.tune({ ...quickRun, method }, () => {});
  expect(done).toMatchObject({ reason: 'diverged', adapter: { loss: null, baseLoss: expect.any(Number) } });
  expect((await store.adapters()).records).toMatchObject([{ summary: done.adapter }]);
  expect((await engine.exportAdapter(done.adapter.id, 'zip')).bytes.length).toBeGreaterThan(0);
  await engine.unloadModel();
});
