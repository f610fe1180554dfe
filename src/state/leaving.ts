/**
 * What would be lost if the page were left now: a run, a sweep, a measurement or the answering of a file under way, and what
 * was made here where the browser keeps nothing of it, until it is exported.
 */
import { isActive, latestRun } from './run';
import type { Session } from './session';

type Stores = Pick<Session, 'run' | 'sweep' | 'runs' | 'adapters' | 'exporting' | 'evaluation' | 'applying'>;

export function losesWork({ run, sweep, runs, adapters, exporting, evaluation, applying }: Stores): boolean {
  if (isActive(latestRun(run.store.getState())) || sweep.store.getState().phase !== 'idle') return true;
  if (evaluation.store.getState().measuring !== null || applying.store.getState().working !== null) return true;
  const { savedIds } = exporting.store.getState();
  const records = [...run.store.getState().runs, sweep.store.getState().live];
  const unkept = records.flatMap((record) => (record?.unkept && record.adapter ? [record.adapter] : []));
  const { list, others } = adapters.store.getState();
  const inMemory = runs.store.getState().listing?.storage === 'memory' ? [...list, ...others] : [];
  return [...unkept, ...inMemory].some(({ id, origin }) => origin !== 'imported' && !savedIds.includes(id));
}
