/** Runs: streams of engine events → what the page shows, and the calls that steer a run. */
import { describe, expect, it } from 'vitest';
import { DeviceError } from '../../src/errors';
import { describeLoss } from '../../src/state/lossLog';
import { beginRecord, createRun, isActive, latestRun, project } from '../../src/state/run';
import { createBatcher, type Schedule } from '../../src/state/schedule';
import { DEFAULTS, toTuneSettings } from '../../src/state/settings';
import type { TuneEvent } from '../../src/worker/protocol';
import { createScriptedEngine, fallingLoss } from '../support/scriptedEngine';

const SETTINGS = toTuneSettings({ ...DEFAULTS, steps: 50 });
const SUBJECT = { dataset: 'reviews.csv', model: 'fable-7m' };
const at = (events: readonly TuneEvent[]) => project(beginRecord(1, SETTINGS, SUBJECT), events);
const stepEvent = (step: number, loss = 1): TuneEvent => ({
  type: 'step',
  step,
  steps: 50,
  loss,
  learningRate: 0.01,
  gradNorm: 1,
  tokensPerSecond: 1000,
  secondsLeft: 50 - step,
  deviceBytes: 1e6,
});

describe('the projection of a run', () => {
  it('keeps every step and every validation in the loss log, in the order of steps', () => {
    const events = fallingLoss(SETTINGS);
    const record = at(events);
    const [steps, train, validation] = record.log.columns;
    expect(steps).toEqual(Array.from({ length: 51 }, (_, step) => step));
    expect(train.filter((loss) => loss !== null)).toHaveLength(50);
    expect(validation.map((loss, step) => (loss === null ? null : step)).filter((step) => step !== null)).toEqual([
      0, 25, 50,
    ]);
    expect(record.step).toBe(50);
    expect(record.firstValidation?.step).toBe(0);
    expect(record.validation?.step).toBe(50);
  });

  it('says what is prepared until the first step', () => {
    expect(at([{ type: 'preparing', what: 'Compiling' }])).toMatchObject({ phase: 'preparing', message: 'Compiling' });
    expect(at([{ type: 'preparing', what: 'Compiling' }, stepEvent(1)])).toMatchObject({
      phase: 'running',
      message: '',
    });
  });

  it('knows what the model alone does before the first step', () => {
    const record = at([{ type: 'baseline', loss: 2.4, accuracy: 0.5 }]);
    expect(record).toMatchObject({ phase: 'preparing', baseline: { loss: 2.4, accuracy: 0.5 } });
  });

  it('does not let a step that was under way undo a pause', () => {
    const paused = { ...at([stepEvent(1)]), phase: 'paused' as const };
    expect(project(paused, [stepEvent(2)]).phase).toBe('paused');
    expect(project(paused, [{ type: 'resumed', step: 2 }]).phase).toBe('running');
  });

  it('remembers how the run goes on since memory ran out', () => {
    expect(at([stepEvent(1)]).smaller).toBeNull();
    const smaller = (microBatchSize: number) =>
      ({ type: 'smaller', step: 2, microBatchSize, recompute: false }) as const;
    const record = at([stepEvent(1), smaller(4), smaller(2), stepEvent(2)]);
    expect(record).toMatchObject({ phase: 'running', step: 2, smaller: { step: 2, microBatchSize: 2 } });
  });

  it('never shows a step number that goes back', () => {
    expect(at([stepEvent(7), stepEvent(6)]).step).toBe(7);
  });

  it('leaves a gap in the curve where the loss is not a number', () => {
    const record = at([stepEvent(1, 2), stepEvent(2, Number.NaN)]);
    expect(record.log.columns[1]).toEqual([2, null]);
    expect(record.last?.loss).toBeNaN();
  });

  it('describes the curve in words', () => {
    expect(describeLoss(at([]).log)).toBe('No step has run yet.');
    expect(describeLoss(at([stepEvent(1, 2.5), stepEvent(2, 1)]).log)).toBe(
      'Training loss fell from 2.50 at step 1 to 1.00 at step 2.',
    );
  });
});

describe('a run', () => {
  it('ends with its adapter, although the frames of its last events never came', async () => {
    const never: Schedule = () => {};
    const run = createRun(createScriptedEngine(), never);
    await run.start(SETTINGS, SUBJECT);
    expect(latestRun(run.store.getState())).toMatchObject({
      phase: 'done',
      ending: 'finished',
      step: 50,
      adapter: { id: 'adapter-1', shape: { method: 'prefix', length: 16 } },
    });
  });

  it('keeps the loss of a run that fails, and the error stands at it', async () => {
    const engine = createScriptedEngine({ events: () => [stepEvent(1)] });
    const failing = {
      ...engine,
      tune: async (settings: typeof SETTINGS, onEvent: (event: TuneEvent) => void) => {
        await engine.tune(settings, (event) => event.type !== 'done' && onEvent(event));
        throw new DeviceError('The GPU was lost.', {}, 'Use wasm.');
      },
    };
    const run = createRun(failing, (flush) => flush());
    await run.start(SETTINGS, SUBJECT);
    const record = latestRun(run.store.getState());
    expect(record).toMatchObject({ phase: 'failed', problem: { kind: 'device', hint: 'Use wasm.' }, step: 1 });
    expect(isActive(record)).toBe(false);
  });

  it('stops with what it has learned', async () => {
    const run = createRun(
      createScriptedEngine({ pace: () => new Promise((resolve) => setImmediate(resolve)) }),
      (flush) => flush(),
    );
    const ended = run.start({ ...SETTINGS, steps: 10_000 }, SUBJECT);
    run.stop();
    await ended;
    expect(latestRun(run.store.getState())).toMatchObject({
      phase: 'done',
      ending: 'stopped',
      adapter: { id: 'adapter-1' },
    });
  });

  it('is one at a time', async () => {
    const engine = createScriptedEngine();
    const run = createRun(engine, (flush) => flush());
    await Promise.all([run.start(SETTINGS, SUBJECT), run.start(SETTINGS, SUBJECT)]);
    expect(run.store.getState().runs).toHaveLength(1);
    expect(engine.calls.filter(({ method }) => method === 'tune')).toHaveLength(1);
  });

  it('goes back to running when the engine refuses to pause, and says why', async () => {
    const engine = createScriptedEngine({
      pace: () => new Promise((resolve) => setImmediate(resolve)),
      before: ({ method }) => {
        if (method === 'pause') throw new Error('not now');
      },
    });
    const run = createRun(engine, (flush) => flush());
    const ended = run.start(SETTINGS, SUBJECT);
    while (latestRun(run.store.getState())?.phase !== 'running') await new Promise((resolve) => setImmediate(resolve));
    run.pause();
    await Promise.resolve();
    await Promise.resolve();
    expect(latestRun(run.store.getState())).toMatchObject({ phase: 'running', problem: { message: 'not now' } });
    await ended;
  });
});

describe('a batcher', () => {
  it('applies a burst of events once', () => {
    const applied: number[][] = [];
    const frames: (() => void)[] = [];
    const batcher = createBatcher<number>(
      (items) => applied.push([...items]),
      (flush) => frames.push(flush),
    );
    for (let event = 0; event < 20; event++) batcher.push(event);
    expect(frames).toHaveLength(1);
    frames[0]?.();
    expect(applied).toEqual([Array.from({ length: 20 }, (_, event) => event)]);
    batcher.push(20);
    batcher.flush();
    frames[1]?.();
    expect(applied).toHaveLength(2);
  });
});
