/** Runs: all that this browser keeps, of this visit and those before; several of them in one chart, and why they part. */
import { Button } from '@mantine/core';
import { useMemo, useRef } from 'react';
import { chosenDifferences, listedRuns } from '../../state';
import type { KeptRun } from '../../worker';
import { formatPlural } from '../format';
import { Problem } from '../parts/Problem';
import { UndoLine } from '../parts/UndoLine';
import { Step } from '../Step';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';
import { Differences } from './Differences';
import { Overlay } from './Overlay';
import { RunsTable } from './RunsTable';

export function RunsPlace() {
  const { runs } = useSession();
  const state = usePart('runs', (all) => all);
  const { listing, leaving, problem, selectedIds } = state;
  const heading = useRef<HTMLHeadingElement>(null);
  const listed = useMemo(() => listedRuns(state), [state]);
  const chosen = selectedIds.flatMap((id) => listed.find((run) => run.id === id) ?? []);
  return (
    <Step name="Runs" line={<RunsLine storage={listing?.storage ?? null} />}>
      <div className={classes.stack}>
        {listing?.warnings.map((warning) => (
          <p key={warning} className={classes.warning} role="status">
            {warning}
          </p>
        ))}
        <h3 ref={heading} className={classes.heading} tabIndex={-1}>
          {listing === null ? 'Kept runs' : formatPlural(listed.length, 'run')}
        </h3>
        {listed.length > 0 && <RunsTable runs={listed} />}
        {leaving.length > 0 && <UndoLine text={sayLeaving(leaving)} onUndo={runs.undo} next={heading} />}
        <Problem problem={problem} />
        {listed.length > 0 && <Chosen ids={chosen.map(({ id }) => id)} />}
        {chosen.length > 0 && <Overlay />}
        {chosen.length > 1 && <Differences runs={chosen} differences={chosenDifferences(state)} />}
      </div>
    </Step>
  );
}

function sayLeaving(leaving: readonly Pick<KeptRun, 'name' | 'adapter'>[]): string {
  const what = leaving.length === 1 && leaving[0] ? leaving[0].name : formatPlural(leaving.length, 'run');
  const adapters = leaving.filter(({ adapter }) => adapter !== null).length;
  const along = adapters === 0 ? '' : `, and ${adapters === 1 ? 'its adapter' : `${adapters} adapters`} with it`;
  return `${what} will be deleted in a moment${along}.`;
}

function RunsLine({ storage }: { readonly storage: 'indexeddb' | 'memory' | null }) {
  switch (storage) {
    case null:
      return '';
    case 'memory':
      return 'This browser keeps nothing here: all of it is gone when the page closes.';
    case 'indexeddb':
      return 'Kept in this browser, also when the page is closed.';
    default:
      return storage satisfies never;
  }
}

/** What can be done with the runs that are ticked. */
function Chosen({ ids }: { readonly ids: readonly string[] }) {
  const { runs } = useSession();
  if (ids.length === 0) return <p className={classes.quiet}>Tick runs to lay their curves over each other.</p>;
  return (
    <div className={classes.row}>
      <p className={classes.quiet}>{formatPlural(ids.length, 'run')} chosen</p>
      <Button size="compact-sm" variant="default" onClick={() => void runs.export(ids)}>
        Export as JSON lines
      </Button>
      <Button size="compact-sm" variant="default" onClick={() => runs.remove(ids)}>
        Delete
      </Button>
    </div>
  );
}
