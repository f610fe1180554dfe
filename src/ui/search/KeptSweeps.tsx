/** Searches that were cut off, with the way to go on; and those that have ended, which can be looked at again. */
import { Button } from '@mantine/core';
import { useRef } from 'react';
import { keptSweeps, latestRun, sweepProgress, whyNotTrain } from '../../state';
import type { KeptSweep } from '../../worker';
import { formatCount, formatPlural, formatWhen } from '../format';
import { ReasonButton } from '../parts/ReasonButton';
import { UndoLine } from '../parts/UndoLine';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';

export function KeptSweeps() {
  const { sweep } = useSession();
  const state = usePart('sweep', (all) => all);
  const place = useRef<HTMLDivElement>(null);
  const sweeps = state.phase === 'idle' ? keptSweeps(state) : [];
  const finished = sweeps.filter(({ phase, id }) => phase === 'finished' && id !== state.current?.id);
  const { leaving } = state;
  return (
    <div ref={place} tabIndex={-1} className={classes.stack}>
      {sweeps.map((one) => one.phase !== 'finished' && <Unfinished key={one.id} sweep={one} />)}
      {leaving !== null && (
        <UndoLine
          text={`${leaving.name} will be deleted in a moment. Its runs stay.`}
          onUndo={sweep.undo}
          next={place}
        />
      )}
      {finished.length > 0 && (
        <details>
          <summary>Earlier searches ({finished.length})</summary>
          <div className={`${classes.stack} ${classes.detailsBody}`}>
            {finished.toReversed().map((one) => (
              <div key={one.id} className={classes.row}>
                <p className={classes.quiet}>
                  {one.name} · {formatPlural(one.state.runs.length, 'run')} · {formatWhen(one.begun, Date.now())}
                </p>
                <Choices sweep={one} />
              </div>
            ))}
          </div>
        </details>
      )}
    </div>
  );
}

function Unfinished({ sweep }: { readonly sweep: KeptSweep }) {
  const session = useSession();
  // Read so that the button is drawn again when the answer to "why not" may change.
  usePart('model', ({ phase }) => phase.status);
  usePart('run', (state) => latestRun(state)?.phase);
  const { ended, total } = sweepProgress(sweep);
  const runs = formatPlural(total, 'run');
  if (sweep.phase === 'running') {
    return <p className={classes.quiet}>A search of {runs} is under way in another tab.</p>;
  }
  return (
    <div className={classes.row}>
      <p className={classes.warning}>
        A search of {runs} on {sweep.dataset.name} was interrupted{' '}
        {ended === 0 ? 'before the first had ended' : `after ${formatCount(ended)}`}.
      </p>
      <ReasonButton
        size="compact-sm"
        variant="default"
        label="Resume the search"
        reason={whyNotTrain(session)}
        onClick={() => session.resumeSweep(sweep.id)}
      />
      <Choices sweep={sweep} />
    </div>
  );
}

function Choices({ sweep: { id, name } }: { readonly sweep: KeptSweep }) {
  const { sweep } = useSession();
  const shown = usePart('sweep', ({ current }) => current?.id === id);
  return (
    <>
      {!shown && (
        <Button size="compact-sm" variant="default" aria-label={`Show ${name}`} onClick={() => sweep.show(id)}>
          Show
        </Button>
      )}
      <Button size="compact-sm" variant="subtle" aria-label={`Delete ${name}`} onClick={() => sweep.remove(id)}>
        Delete
      </Button>
    </>
  );
}
