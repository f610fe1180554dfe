/**
 * The part of the scripted engine that keeps things: its runs are those it is given, and a sweep plays its events to whoever
 * calls it. It computes nothing.
 */
import type {
  KeptRun,
  KeptSweep,
  RunCurve,
  RunListing,
  RunsEngine,
  SweepEngine,
  SweepEvent,
  SweepPoint,
} from '../../src/worker/runsProtocol';

export interface RunsScript {
  readonly runs?: readonly KeptRun[];
  readonly curves?: Readonly<Record<string, RunCurve>>;
  readonly sweeps?: readonly KeptSweep[];
  /** Where all of it is kept. */
  readonly storage?: RunListing['storage'];
  readonly plan?: readonly SweepPoint[];
  /** What a sweep tells; the last sweep among them is how it ended. */
  readonly sweepEvents?: readonly SweepEvent[];
  /** Called before each method answers; throw to make it fail. */
  readonly beforeKept?: (
    method: keyof RunsEngine | keyof SweepEngine,
    args: readonly unknown[],
  ) => void | Promise<void>;
}

export function createScriptedRuns(script: RunsScript = {}): RunsEngine & SweepEngine {
  let runs = script.runs ?? [];
  let sweeps = script.sweeps ?? [];
  const begin = (method: keyof RunsEngine | keyof SweepEngine, ...args: unknown[]) => script.beforeKept?.(method, args);
  const play = async (onEvent: (event: SweepEvent) => void): Promise<KeptSweep> => {
    let last: KeptSweep | undefined;
    for (const event of script.sweepEvents ?? []) {
      if (event.type === 'sweep') last = event.sweep;
      onEvent(event);
    }
    if (last === undefined) throw new Error('the script has no sweep');
    sweeps = [...sweeps.filter(({ id }) => id !== last.id), last];
    return last;
  };
  return {
    async runs() {
      await begin('runs');
      return { runs, warnings: [], storage: script.storage ?? 'indexeddb' };
    },
    async runCurve(id) {
      await begin('runCurve', id);
      return script.curves?.[id] ?? null;
    },
    async renameRun(id, name) {
      await begin('renameRun', id, name);
      runs = runs.map((run) => (run.id === id ? { ...run, name } : run));
    },
    async deleteRuns(ids) {
      await begin('deleteRuns', ids);
      runs = runs.filter(({ id }) => !ids.includes(id));
    },
    async planSweep(settings) {
      await begin('planSweep', settings);
      return script.plan ?? [];
    },
    async sweep(settings, onEvent) {
      await begin('sweep', settings);
      return play(onEvent);
    },
    async resumeSweep(id, onEvent) {
      await begin('resumeSweep', id);
      return play(onEvent);
    },
    async stopSweep() {
      await begin('stopSweep');
    },
    async sweeps() {
      await begin('sweeps');
      return { sweeps, warnings: [] };
    },
    async deleteSweep(id) {
      await begin('deleteSweep', id);
      sweeps = sweeps.filter((sweep) => sweep.id !== id);
    },
  };
}
