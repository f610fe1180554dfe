/**
 * Sweeps: what the next one is asked for and how many runs that makes, the one under way with its run, and those that are
 * kept, which can be resumed.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { KeptSweep, SerialisedError, SweepEngine, SweepEvent, SweepPoint, SweepSettings } from '../worker';
import { toProblem } from './problem';
import { beginRecord, isActive, project, type RunRecord } from './run';
import { createBatcher, type Delay, latestOnly, type Schedule } from './schedule';
import { SWEEP_DEFAULTS, type SweepForm } from './sweepForm';

export interface SweepPageState {
  readonly form: SweepForm;
  /** The runs of the last settings that were asked about; null until the engine has answered. */
  readonly plan: readonly SweepPoint[] | null;
  readonly planProblem: SerialisedError | null;
  readonly phase: 'idle' | 'running' | 'stopping';
  /** The one under way, or the last; null before the first. */
  readonly current: KeptSweep | null;
  /** The run under way, or the last of this visit. */
  readonly live: RunRecord | null;
  /** null until the engine has looked; oldest first. */
  readonly kept: readonly KeptSweep[] | null;
  /** About to be deleted. */
  readonly leaving: KeptSweep | null;
  readonly warnings: readonly string[];
  readonly problem: SerialisedError | null;
}

export interface Sweep {
  readonly store: StoreApi<SweepPageState>;
  set(change: Partial<SweepForm>): void;
  /** How many runs it would be. */
  ask(settings: SweepSettings): void;
  start(settings: SweepSettings): Promise<void>;
  resume(id: string): Promise<void>;
  /** What is left can be resumed. */
  stop(): void;
  /** Its report, once more. */
  show(id: string): void;
  /** After the delay; an earlier deletion that still waits is carried out at once. */
  remove(id: string): void;
  undo(): void;
  refresh(): Promise<void>;
}

export function createSweep(engine: SweepEngine, schedule: Schedule, delay: Delay): Sweep {
  const store = createStore<SweepPageState>(() => ({
    form: SWEEP_DEFAULTS,
    plan: null,
    planProblem: null,
    phase: 'idle',
    current: null,
    live: null,
    kept: null,
    leaving: null,
    warnings: [],
    problem: null,
  }));
  let cancel: (() => void) | null = null;
  const list = async () => {
    const { sweeps, warnings } = await engine.sweeps();
    store.setState({ kept: sweeps, warnings });
  };
  const attempt = (work: () => Promise<void>) =>
    work().catch((thrown: unknown) => store.setState({ problem: toProblem(thrown) }));
  const ask = latestOnly<SweepSettings>(async (settings, isNewest) => {
    try {
      const plan = await engine.planSweep(settings);
      if (isNewest()) store.setState({ plan, planProblem: null });
    } catch (thrown) {
      if (isNewest()) store.setState({ plan: null, planProblem: toProblem(thrown) });
    }
  });
  const deleteLeaving = async () => {
    const { leaving } = store.getState();
    cancel?.();
    cancel = null;
    if (leaving === null) return;
    // Gone from the list at once: the engine's own list comes later.
    store.setState(({ kept, current }) => ({
      leaving: null,
      kept: kept?.filter(({ id }) => id !== leaving.id) ?? null,
      current: current?.id === leaving.id ? null : current,
    }));
    await attempt(() => engine.deleteSweep(leaving.id).finally(list));
  };
  const carryOut = async (call: (onEvent: (event: SweepEvent) => void) => Promise<KeptSweep>) => {
    if (store.getState().phase !== 'idle') return;
    store.setState({ phase: 'running', current: null, live: null, problem: null });
    const batcher = createBatcher<SweepEvent>(
      (events) => store.setState((state) => projectSweep(state, events)),
      schedule,
    );
    try {
      const current = await call((event) => batcher.push(event));
      batcher.flush();
      store.setState({ current });
    } catch (thrown) {
      batcher.flush();
      store.setState({ problem: toProblem(thrown) });
    }
    store.setState({ phase: 'idle' });
    await attempt(list);
  };

  return {
    store,
    set: (change) => store.setState(({ form }) => ({ form: { ...form, ...change } })),
    ask,
    start: (settings) => carryOut((onEvent) => engine.sweep(settings, onEvent)),
    resume: (id) => carryOut((onEvent) => engine.resumeSweep(id, onEvent)),
    stop() {
      if (store.getState().phase !== 'running') return;
      store.setState({ phase: 'stopping' });
      engine.stopSweep().catch((thrown: unknown) => store.setState({ phase: 'running', problem: toProblem(thrown) }));
    },
    show(id) {
      const { phase, kept } = store.getState();
      if (phase === 'idle') store.setState({ current: kept?.find((sweep) => sweep.id === id) ?? null, live: null });
    },
    remove(id) {
      void deleteLeaving();
      store.setState(({ kept }) => ({ leaving: kept?.find((sweep) => sweep.id === id) ?? null, problem: null }));
      cancel = delay(() => void deleteLeaving());
    },
    undo() {
      cancel?.();
      cancel = null;
      store.setState({ leaving: null });
    },
    refresh: () => attempt(list),
  };
}

function projectSweep(
  state: Pick<SweepPageState, 'current' | 'live'>,
  events: readonly SweepEvent[],
): Pick<SweepPageState, 'current' | 'live'> {
  let { current, live } = state;
  for (const event of events) {
    switch (event.type) {
      case 'sweep':
        current = event.sweep;
        live = live && withFailure(live, current);
        break;
      case 'begins': {
        const subject = { dataset: current?.dataset.name ?? '', model: current?.model.name ?? '' };
        live = beginRecord(event.run, event.settings, subject);
        break;
      }
      case 'run':
        if (live?.id === event.run) live = project(live, [event.event]);
        break;
      default:
        event satisfies never;
    }
  }
  return { current, live };
}

/** A run that throws has no last event of its own. */
function withFailure(live: RunRecord, { state }: KeptSweep): RunRecord {
  const own = state.runs.find(({ id }) => id === live.id)?.state;
  return own?.status === 'failed' && isActive(live) ? { ...live, phase: 'failed', message: own.message } : live;
}

/** What is listed: all but the one about to be deleted, oldest first. */
export function keptSweeps({ kept, leaving }: SweepPageState): readonly KeptSweep[] {
  return kept?.filter(({ id }) => id !== leaving?.id) ?? [];
}

export interface SweepProgress {
  readonly ended: number;
  readonly total: number;
  /** Of those that have ended. */
  readonly stoppedEarly: number;
  readonly failed: number;
}

export function sweepProgress({ state: { runs } }: Pick<KeptSweep, 'state'>): SweepProgress {
  const count = (status: KeptSweep['state']['runs'][number]['state']['status']) =>
    runs.filter(({ state }) => state.status === status).length;
  const [stoppedEarly, failed] = [count('stopped-early'), count('failed')];
  return { ended: count('done') + stoppedEarly + failed, total: runs.length, stoppedEarly, failed };
}
