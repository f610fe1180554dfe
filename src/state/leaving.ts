/** What would be lost if the page were left now: a run under way, or a tuned adapter that was never exported. */
import type { ExportState } from './exporting';
import { isActive, latestRun, type RunState } from './run';

export function losesWork(runs: RunState, { savedIds }: Pick<ExportState, 'savedIds'>): boolean {
  if (isActive(latestRun(runs))) return true;
  return runs.runs.some(({ adapter }) => adapter !== null && adapter.steps > 0 && !savedIds.includes(adapter.id));
}
