/**
 * Asynchronous successive halving (Li et al. 2020), the variant that stops runs instead of pausing them: rungs stand at
 * minSteps · η^k steps, and a run that comes to a rung goes on only if its loss is among the best 1/η of all that have
 * come there so far. Nobody waits for the others, so the first to come always goes on.
 */
import { DataError } from '../../errors';
import type { Halving, Rung, SweepRun, SweepState } from '../../worker/runsProtocol';

export interface Decision {
  readonly state: SweepState;
  readonly verdict: 'go on' | 'stop';
}

/** At the last step there is nothing left to save. @throws DataError where the numbers make no rungs */
export function rungSteps({ minSteps, eta }: Halving, steps: number): number[] {
  for (const [field, value, least] of [
    ['minSteps', minSteps, 1],
    ['eta', eta, 2],
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      throw new DataError(`${field} is ${value}; it is a whole number from ${least}.`, { field });
    }
  }
  const rungs: number[] = [];
  for (let step = minSteps; step < steps; step *= eta) rungs.push(step);
  return rungs;
}

/**
 * Validations come at steps of their own, so a run comes to a rung with the first one at its step or later. A run that
 * passes several at once, since it is validated seldom, is judged at the highest and counts at it alone.
 * @param loss of the validation at `step`; what is no number is worse than any
 */
export function decide(state: SweepState, run: SweepRun['id'], step: number, loss: number): Decision {
  const at = state.rungs.findLastIndex((rung) => rung.step <= step);
  const rung = state.rungs[at];
  if (rung === undefined || rung.losses.some((one) => one.run === run)) return { state, verdict: 'go on' };
  const finite = Number.isFinite(loss) ? loss : null;
  const losses = [...rung.losses, { run, loss: finite }];
  const better = losses.filter((one) => one.loss !== null && (finite === null || one.loss < finite)).length;
  const kept = Math.max(1, Math.floor(losses.length / state.eta));
  return {
    state: { ...state, rungs: state.rungs.with(at, { ...rung, losses }) },
    verdict: finite !== null && better < kept ? 'go on' : 'stop',
  };
}

export function withoutRun(rungs: readonly Rung[], run: SweepRun['id']): Rung[] {
  return rungs.map((rung) => ({ ...rung, losses: rung.losses.filter((one) => one.run !== run) }));
}
