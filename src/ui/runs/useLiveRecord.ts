/** The run under way, tuned alone or by a sweep, where it is the kept one that is asked for. */
import { isActive, latestRun, type RunRecord } from '../../state';
import { usePart } from '../session';

export function useLiveRecord(isWanted: (keptId: string) => boolean): RunRecord | undefined {
  const wanted = (record: RunRecord | null | undefined) =>
    isActive(record) && record.keptId !== null && isWanted(record.keptId) ? record : undefined;
  const own = usePart('run', (state) => wanted(latestRun(state)));
  const ofSweep = usePart('sweep', ({ live }) => wanted(live));
  return own ?? ofSweep;
}
