/**
 * The search under way: which run of how many, what it tries, and what became of those before. It takes the place of the
 * button that began it, and the keyboard with it.
 */
import { Button, Progress } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { sweepProgress } from '../../state';
import { sayMethod } from '../format';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';
import searchClasses from './search.module.css';

export function SearchProgress() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), []);
  return (
    <div ref={place} tabIndex={-1} className={`${classes.stack} ${classes.details} ${searchClasses.progress}`}>
      <Turns />
    </div>
  );
}

function Turns() {
  const { sweep } = useSession();
  const stopping = usePart('sweep', ({ phase }) => phase === 'stopping');
  const current = usePart('sweep', (state) => state.current);
  const settings = usePart('sweep', ({ live }) => live?.settings ?? null);
  if (current === null) return <p className={classes.quiet}>The search is being prepared.</p>;
  const { ended, total, stoppedEarly, failed } = sweepProgress(current);
  const turns = [stoppedEarly > 0 && `${stoppedEarly} stopped early`, failed > 0 && `${failed} failed`].filter(Boolean);
  return (
    <>
      <Progress aria-label="Runs of the search that have ended" value={(100 * ended) / total} size="sm" />
      <div className={classes.between}>
        <p className={classes.quiet}>
          Run {Math.min(ended + 1, total)} of {total}
          {settings && `: ${sayMethod(settings.method)}, learning rate ${settings.learningRate}`}
          {turns.length > 0 && ` · ${turns.join(', ')}`}
        </p>
        <Button size="compact-sm" variant="default" disabled={stopping} onClick={sweep.stop}>
          {stopping ? 'Stopping' : 'Stop the search'}
        </Button>
      </div>
    </>
  );
}
