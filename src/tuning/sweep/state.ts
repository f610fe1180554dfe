/**
 * A sweep as a value: its runs, each with what became of it, and the rungs. Plain data that is stored after every change,
 * so that a sweep can be taken up where it was.
 */
import type { Halving, SweepPoint, SweepRun, SweepRunState, SweepState } from '../../worker/runsProtocol';
import { rungSteps, withoutRun } from './halving';

/** @param steps that a run takes which nobody stops */
export function beginSweep(points: readonly SweepPoint[], halving: Halving | null, steps: number): SweepState {
  return {
    runs: points.map((point, index) => ({ id: index + 1, point, state: { status: 'waiting' } })),
    eta: halving?.eta ?? 1,
    rungs: halving === null ? [] : rungSteps(halving, steps).map((step) => ({ step, losses: [] })),
  };
}

/** The run whose turn it is; undefined where none is left. */
export function nextRun({ runs }: SweepState): SweepRun | undefined {
  return runs.find(({ state }) => state.status === 'waiting');
}

export function setRun(sweep: SweepState, id: SweepRun['id'], state: SweepRunState): SweepState {
  return { ...sweep, runs: sweep.runs.map((run) => (run.id === id ? { ...run, state } : run)) };
}

/** After a stop or a reload: what was cut off begins again, and is compared anew when it comes to a rung. */
export function takenUp(sweep: SweepState): SweepState {
  const cut = sweep.runs.filter(({ state }) => state.status === 'running');
  return cut.reduce(
    (state, { id }) => ({ ...setRun(state, id, { status: 'waiting' }), rungs: withoutRun(state.rungs, id) }),
    sweep,
  );
}
