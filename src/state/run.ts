/**
 * Tuning runs, projected from the engine's events. `project` is the whole of it: a record and some events in, the next
 * record out. Events come up to twenty times a second and are applied once per frame.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { AdapterSummary, Engine, SerialisedError, TuneEvent, TuneSettings } from '../worker';
import { LossLog } from './lossLog';
import { toProblem } from './problem';
import type { Schedule } from './schedule';
import { createBatcher } from './schedule';

export type RunPhase = 'preparing' | 'running' | 'paused' | 'stopping' | 'done' | 'failed';

export interface RunRecord {
  /** From 1, in the order they were started. */
  readonly id: number;
  readonly settings: TuneSettings;
  readonly datasetName: string;
  readonly modelName: string;
  readonly phase: RunPhase;
  /** What is being prepared, or how it ended. */
  readonly message: string;
  readonly step: number;
  readonly steps: number;
  /** The model alone. */
  readonly baseline: Extract<TuneEvent, { type: 'baseline' }> | null;
  readonly last: Extract<TuneEvent, { type: 'step' }> | null;
  /** How the run goes on since memory ran out; null where it did not. */
  readonly smaller: Extract<TuneEvent, { type: 'smaller' }> | null;
  readonly firstValidation: Extract<TuneEvent, { type: 'validation' }> | null;
  readonly validation: Extract<TuneEvent, { type: 'validation' }> | null;
  /** Appended in place; `revision` changes with it. */
  readonly log: LossLog;
  readonly revision: number;
  readonly ending: Extract<TuneEvent, { type: 'done' }>['reason'] | null;
  readonly adapter: AdapterSummary | null;
  readonly problem: SerialisedError | null;
  /** Of the run as it is kept; null until it is. */
  readonly keptId: string | null;
  /** Why what came of it so far is not kept. */
  readonly unkept: SerialisedError | null;
}

/** The names of what is tuned, and on what. */
export interface RunSubject {
  readonly dataset: string;
  readonly model: string;
}

export interface RunState {
  /** Oldest first. */
  readonly runs: readonly RunRecord[];
}

export interface Run {
  readonly store: StoreApi<RunState>;
  start(settings: TuneSettings, subject: RunSubject): Promise<void>;
  pause(): void;
  resume(): void;
  stop(): void;
}

type ActiveRun = RunRecord & { readonly phase: Exclude<RunPhase, 'done' | 'failed'> };

export function isActive(record: RunRecord | null | undefined): record is ActiveRun {
  return record != null && record.phase !== 'done' && record.phase !== 'failed';
}

export function latestRun({ runs }: RunState): RunRecord | undefined {
  return runs.at(-1);
}

/** The newest run, where it is of this model. */
export function latestRunOf(state: RunState, modelName: string | null): RunRecord | undefined {
  const record = latestRun(state);
  return record?.modelName === modelName ? record : undefined;
}

export function beginRecord(id: number, settings: TuneSettings, { dataset, model }: RunSubject): RunRecord {
  return {
    id,
    settings,
    datasetName: dataset,
    modelName: model,
    phase: 'preparing',
    message: 'Preparing',
    step: 0,
    steps: settings.steps,
    baseline: null,
    last: null,
    smaller: null,
    firstValidation: null,
    validation: null,
    log: new LossLog(),
    revision: 0,
    ending: null,
    adapter: null,
    problem: null,
    keptId: null,
    unkept: null,
  };
}

export function project(record: RunRecord, events: readonly TuneEvent[]): RunRecord {
  let next = record;
  for (const event of events) next = projectOne(next, event);
  return { ...next, revision: next.log.revision };
}

function projectOne(record: RunRecord, event: TuneEvent): RunRecord {
  switch (event.type) {
    case 'preparing':
      return { ...record, message: event.what };
    case 'baseline':
      return { ...record, baseline: event };
    case 'step':
      record.log.train(event.step, event.loss);
      return {
        ...record,
        // A step that was under way when Pause or Stop was pressed does not undo them.
        phase: record.phase === 'preparing' ? 'running' : record.phase,
        message: '',
        step: Math.max(record.step, event.step),
        steps: event.steps,
        last: event,
      };
    case 'validation':
      record.log.validation(event.step, event.loss);
      return { ...record, firstValidation: record.firstValidation ?? event, validation: event };
    case 'kept':
      return { ...record, keptId: event.runId };
    case 'unkept':
      return { ...record, unkept: event.problem };
    case 'smaller':
      return { ...record, smaller: event };
    case 'paused':
      return { ...record, phase: record.phase === 'stopping' ? 'stopping' : 'paused' };
    case 'resumed':
      return { ...record, phase: record.phase === 'stopping' ? 'stopping' : 'running' };
    case 'done':
      return { ...record, phase: 'done', ending: event.reason, adapter: event.adapter, message: event.message };
  }
}

export function createRun(engine: Engine, schedule: Schedule): Run {
  const store = createStore<RunState>(() => ({ runs: [] }));
  const update = (id: number, change: (record: RunRecord) => RunRecord) =>
    store.setState(({ runs }) => ({ runs: runs.map((record) => (record.id === id ? change(record) : record)) }));
  /** A call that steers the run; if the engine refuses, the reason stands at the run and the run goes on. */
  const steer = (call: () => Promise<void>, hope: RunPhase) => {
    const record = latestRun(store.getState());
    if (!isActive(record)) return;
    const { id, phase: before } = record;
    update(id, (now) => ({ ...now, phase: hope, problem: null }));
    call().catch((thrown) =>
      update(id, (now) => ({ ...now, phase: isActive(now) ? before : now.phase, problem: toProblem(thrown) })),
    );
  };

  return {
    store,
    async start(settings, subject) {
      if (isActive(latestRun(store.getState()))) return;
      const id = (latestRun(store.getState())?.id ?? 0) + 1;
      const fresh = beginRecord(id, settings, subject);
      store.setState(({ runs }) => ({ runs: [...runs, fresh] }));
      const batcher = createBatcher<TuneEvent>((events) => update(id, (now) => project(now, events)), schedule);
      try {
        const done = await engine.tune(settings, (event) => batcher.push(event));
        batcher.flush();
        update(id, (now) => (now.phase === 'done' ? now : project(now, [done])));
      } catch (thrown) {
        batcher.flush();
        update(id, (now) => ({ ...now, phase: 'failed', message: '', problem: toProblem(thrown) }));
      }
    },
    pause: () => steer(() => engine.pause(), 'paused'),
    resume: () => steer(() => engine.resume(), 'running'),
    stop: () => steer(() => engine.stop(), 'stopping'),
  };
}
