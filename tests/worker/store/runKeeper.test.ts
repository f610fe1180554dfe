/** A live run on its way into the store. Time is what the test says. */
import { describe, expect, it } from 'vitest';
import { localLocks } from '../../../src/models';
import type { TuneEvent } from '../../../src/worker/protocol';
import { memoryTables } from '../../../src/worker/store/memoryTables';
import { KEEP_EVERY_MS, RunKeeper } from '../../../src/worker/store/runKeeper';
import { RunStore } from '../../../src/worker/store/runStore';
import type { Change } from '../../../src/worker/store/tables';
import { keptRun, REVIEWS } from '../../support/keptRun';

const begun = keptRun('a', { ending: null, step: 0, baseline: null, validation: null, message: '' });

const step = (at: number, loss = 1): TuneEvent => ({
  type: 'step',
  step: at,
  steps: 50,
  loss,
  learningRate: 0.01,
  gradNorm: 1,
  tokensPerSecond: 1000,
  secondsLeft: 1,
  deviceBytes: 1e6,
});

async function keeping(fail: (changes: readonly Change[]) => boolean = () => false) {
  const memory = memoryTables();
  const writes: (readonly Change[])[] = [];
  const problems: unknown[] = [];
  const tables = {
    ...memory,
    write: async (changes: readonly Change[]) => {
      writes.push(changes);
      if (fail(changes)) throw new DOMException('full', 'QuotaExceededError');
      await memory.write(changes);
    },
  };
  let now = 0;
  const store = new RunStore(tables, localLocks());
  const keeper = await RunKeeper.begin({
    store,
    run: begun,
    dataset: REVIEWS,
    onProblem: (error) => problems.push(error),
    now: () => now,
  });
  return {
    store,
    keeper,
    writes,
    problems,
    wait: (milliseconds: number) => {
      now += milliseconds;
    },
    /** Until nothing is being written. */
    settled: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

describe('a run that is kept', () => {
  it('is there from its beginning, and under way until its end', async () => {
    const { store, keeper } = await keeping();
    expect((await store.runs()).runs).toEqual([begun]);
    const adapter = { id: 'x', parameters: 8, bytes: 32 };
    const kept = await keeper.end('finished', 'Tuned.', adapter);
    expect(kept).toEqual({ ...begun, ending: 'finished', message: 'Tuned.', adapter });
    expect((await store.runs()).runs).toEqual([kept]);
    expect(await store.isUnderWay('a')).toBe(false);
  });

  it('is written every few seconds, not with every step', async () => {
    const { store, keeper, writes, wait, settled } = await keeping();
    for (let at = 1; at <= 20; at++) keeper.add(step(at));
    expect(writes).toHaveLength(1);
    wait(KEEP_EVERY_MS);
    keeper.add(step(21));
    keeper.add(step(22));
    await settled();
    expect(writes).toHaveLength(2);
    expect((await store.curve('a'))?.train.steps.length).toBeGreaterThanOrEqual(21);
    wait(KEEP_EVERY_MS - 1);
    keeper.add(step(23));
    await settled();
    expect(writes).toHaveLength(2);
  });

  it('ends with all that was told of it, a loss that is no number as a gap', async () => {
    const { store, keeper } = await keeping();
    keeper.add({ type: 'baseline', loss: 2.5, accuracy: 0.5 });
    keeper.add({ type: 'validation', step: 0, loss: 2.4, accuracy: 0.5 });
    keeper.add(step(1, 2));
    keeper.add(step(2, Number.NaN));
    keeper.add({ type: 'validation', step: 2, loss: 2, accuracy: 0.75 });
    expect(await keeper.end('diverged', 'It diverged.', null)).toMatchObject({
      step: 2,
      baseline: { step: 0, loss: 2.5, accuracy: 0.5 },
      validation: { step: 2, loss: 2, accuracy: 0.75 },
    });
    expect(await store.curve('a')).toEqual({
      train: { steps: [1, 2], losses: [2, null] },
      validation: [
        { step: 0, loss: 2.4, accuracy: 0.5 },
        { step: 2, loss: 2, accuracy: 0.75 },
      ],
    });
  });

  it('goes on where nothing can be written, and says so once', async () => {
    const { keeper, writes, problems, wait, settled } = await keeping(() => true);
    for (let at = 1; at <= 3; at++) {
      wait(KEEP_EVERY_MS);
      keeper.add(step(at));
      await settled();
    }
    expect(await keeper.end('finished', 'Tuned.', null)).toMatchObject({ step: 3, ending: 'finished' });
    expect(writes.length).toBeGreaterThanOrEqual(1);
    expect(problems).toMatchObject([{ kind: 'device', hint: expect.stringContaining('Delete runs') }]);
  });
});
