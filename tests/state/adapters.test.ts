/** The library: names, deletion that can be undone, two behind one another, and what went wrong. */
import { describe, expect, it } from 'vitest';
import { createAdapters, keptAdapters } from '../../src/state/adapters';
import { createSettings, toTuneSettings } from '../../src/state/settings';
import type { MethodName } from '../../src/worker/protocol';
import { createScriptedEngine, type Script } from '../support/scriptedEngine';

const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** A library with an adapter of each of these methods; what waits is carried out by `elapse`. */
async function library(methods: readonly MethodName[], script: Script = {}) {
  const engine = createScriptedEngine(script);
  await engine.loadModel({ type: 'bundled', name: 'fable-7m' }, 'auto', () => {});
  for (const method of methods)
    await engine.tune(toTuneSettings(createSettings({ method }).store.getState()), () => {});
  const waiting = new Set<() => void>();
  const deletions: string[][] = [];
  const adapters = createAdapters(
    engine,
    (run) => {
      waiting.add(run);
      return () => void waiting.delete(run);
    },
    () => deletions.push(ids()),
  );
  await adapters.refresh();
  const elapse = async () => {
    for (const run of waiting) run();
    waiting.clear();
    await settle();
  };
  const ids = () => keptAdapters(adapters.store.getState()).map(({ id }) => id);
  const deleted = () => engine.calls.filter(({ method }) => method === 'deleteAdapter').map(({ args }) => args[0]);
  return { engine, adapters, elapse, ids, deleted, deletions };
}

describe('the library', () => {
  it('renames an adapter, and leaves its name when the new one is blank', async () => {
    const { adapters } = await library(['prefix']);
    await adapters.rename('adapter-1', '  Reviews ');
    await adapters.rename('adapter-1', '   ');
    expect(adapters.store.getState().list.map(({ name }) => name)).toEqual(['Reviews']);
  });

  it('deletes an adapter after a moment in which that can be undone', async () => {
    const { adapters, elapse, ids, deleted } = await library(['prefix', 'lora']);
    adapters.remove('adapter-1');
    expect(ids()).toEqual(['adapter-2']);
    adapters.undo();
    await elapse();
    expect([ids(), deleted()]).toEqual([['adapter-1', 'adapter-2'], []]);
    adapters.remove('adapter-1');
    await elapse();
    expect([ids(), deleted()]).toEqual([['adapter-2'], ['adapter-1']]);
    expect(adapters.store.getState().leaving).toBeNull();
  });

  it('carries a deletion out at once when another one is asked for', async () => {
    const { adapters, elapse, ids, deleted } = await library(['prefix', 'prompt', 'lora']);
    adapters.remove('adapter-1');
    adapters.remove('adapter-3');
    await settle();
    expect(deleted()).toEqual(['adapter-1']);
    adapters.undo();
    await elapse();
    expect(ids()).toEqual(['adapter-2', 'adapter-3']);
  });

  it('keeps in its list what could not be deleted, and says why', async () => {
    const { adapters, elapse, ids } = await library(['prefix'], {
      before: ({ method }) => {
        if (method === 'deleteAdapter') throw new Error('in use');
      },
    });
    adapters.remove('adapter-1');
    await elapse();
    expect(ids()).toEqual(['adapter-1']);
    expect(adapters.store.getState().libraryProblem).toMatchObject({ message: 'in use' });
  });

  it('tells when an adapter is gone, so that the runs can be listed anew', async () => {
    const { adapters, elapse, deletions } = await library(['prefix', 'lora']);
    adapters.remove('adapter-1');
    expect(deletions).toEqual([]);
    await elapse();
    expect(deletions).toEqual([['adapter-2']]);
  });

  it('keeps no measurement that was begun on other data or another model', async () => {
    const { adapters, engine } = await library(['prefix']);
    const now = { loss: 0.25, accuracy: null };
    let finishOld = () => {};
    const old = new Promise<void>((resolve) => {
      finishOld = resolve;
    });
    let measure = async () => {
      await old;
      return { loss: 9, accuracy: null };
    };
    engine.evaluate = () => measure();
    const stale = adapters.measure('adapter-1');
    adapters.forgetMeasurements();
    expect(adapters.store.getState().measuringId).toBeNull();
    measure = async () => now;
    await adapters.measure('adapter-1');
    finishOld();
    await stale;
    expect(adapters.store.getState()).toMatchObject({ measuredBase: now, measured: { 'adapter-1': now } });
    measure = () => Promise.reject(new Error('of the data before'));
    const failing = adapters.measure('adapter-1');
    adapters.forgetMeasurements();
    await failing;
    expect(adapters.store.getState()).toMatchObject({ measured: {}, libraryProblem: null });
  });

  it('puts one prefix behind another', async () => {
    const { adapters, engine } = await library(['prefix', 'prefix']);
    const made = await adapters.compose('adapter-2', 'adapter-1');
    expect(engine.calls.at(-2)).toEqual({ method: 'compose', args: ['adapter-2', 'adapter-1'] });
    expect(made).toMatchObject({ origin: 'composed', shape: { method: 'prefix', length: 32 } });
    expect(adapters.store.getState().list.at(-1)).toEqual(made);
  });

  it('measures one at a time, and the model alone only once per dataset', async () => {
    const { adapters, engine } = await library(['prefix', 'lora']);
    await Promise.all([adapters.measure('adapter-1'), adapters.measure('adapter-2')]);
    await adapters.measure('adapter-2');
    const evaluated = () => engine.calls.filter(({ method }) => method === 'evaluate').map(({ args }) => args[0]);
    expect(evaluated()).toEqual([null, 'adapter-1', 'adapter-2']);
    adapters.forgetMeasurements();
    await adapters.measure('adapter-2');
    expect(evaluated().slice(3)).toEqual([null, 'adapter-2']);
  });
});
