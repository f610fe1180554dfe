/** What a search has found: the answer in a sentence, the way to try it, loss over length, and every run. */
import { Button } from '@mantine/core';
import { adapterIdOf, resultOf } from '../../state';
import type { KeptSweep, SweepRun } from '../../worker';
import { goTo } from '../keys';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';
import { SweepChart } from './SweepChart';
import { SweepTable } from './SweepTable';
import searchClasses from './search.module.css';

export function SearchReport({ sweep }: { readonly sweep: KeptSweep }) {
  const { report, state } = sweep;
  const { best, advised } = report;
  const find = (id: SweepRun['id'] | null) => state.runs.find((run) => run.id === id);
  return (
    <div className={classes.stack}>
      {report.answer !== null && (
        <p className={searchClasses.answer} role="status">
          {report.answer}
        </p>
      )}
      <div className={classes.row}>
        {advised !== best && <CompareButton label="Show the one that is enough in Compare" run={find(advised)} />}
        <CompareButton label="Show the best in Compare" run={find(best)} />
      </div>
      {report.series.some(({ points }) => points.length > 1) && <SweepChart series={report.series} />}
      <SweepTable runs={state.runs} best={best} advised={advised} />
    </div>
  );
}

interface CompareButtonProps {
  readonly label: string;
  readonly run: SweepRun | undefined;
}

/** Only where the adapter of the run is still there, and of this model. */
function CompareButton({ label, run }: CompareButtonProps) {
  const { chooseAdapter } = useSession();
  const runId = (run && resultOf(run)?.runId) ?? null;
  const id = usePart('runs', (state) => adapterIdOf(state, runId));
  const usable = usePart('adapters', ({ list }) => list.some((adapter) => adapter.id === id));
  if (id === null || !usable) return null;
  return (
    <Button
      size="compact-sm"
      variant="default"
      onClick={() => {
        chooseAdapter(id);
        goTo('Compare');
      }}
    >
      {label}
    </Button>
  );
}
