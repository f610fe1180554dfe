/** The strip at the bottom, in sight wherever one is: the run under way and its controls, or what comes next. */
import { Button } from '@mantine/core';
import type { RunRecord, SweepPageState } from '../state';
import { hasCompared, isActive, latestRun, latestRunOf, summaryOf, sweepProgress, usableDataset } from '../state';
import { formatAbout, formatCount, formatLoss, formatRate, sayEnding, sayParts } from './format';
import type { StepName } from './keys';
import { goTo } from './keys';
import { usePart, useSession } from './session';
import classes from './shell.module.css';

export function RunStrip() {
  const active = usePart('run', (state) => isActive(latestRun(state)));
  const searching = usePart('sweep', ({ phase }) => phase !== 'idle');
  return (
    <aside className={classes.strip} aria-label="Run">
      <Bar />
      <div className={classes.stripInner}>{searching ? <Searching /> : active ? <Running /> : <Next />}</div>
      <Announcement />
    </aside>
  );
}

function Bar() {
  const own = usePart('run', (state) => shareOf(latestRun(state)));
  const ofSweep = usePart('sweep', ({ phase, live }) => (phase === 'idle' ? null : shareOf(live)));
  const share = ofSweep ?? own;
  return <div className={classes.stripBar} style={{ transform: `scaleX(${share})` }} />;
}

const shareOf = (record: RunRecord | null | undefined): number => (record ? record.step / record.steps : 0);

/** A search has one control, which ends the run under way; that begins again when the search is resumed. */
function Searching() {
  const { sweep } = useSession();
  const stopping = usePart('sweep', ({ phase }) => phase === 'stopping');
  return (
    <>
      <span className={classes.stripText}>
        <SearchText />
      </span>
      <Button variant="default" aria-label="Stop the search" disabled={stopping} onClick={sweep.stop}>
        Stop<span className={classes.wideOnly}>&nbsp;the search</span>
      </Button>
    </>
  );
}

function SearchText() {
  const live = usePart('sweep', (state) => state.live);
  const current = usePart('sweep', (state) => state.current);
  if (current === null) return 'The search is being prepared';
  const { ended, total } = sweepProgress(current);
  const at = `run ${Math.min(ended + 1, total)} of ${total}`;
  if (!isActive(live)) return at;
  if (live.last === null) return `${at} · ${live.message}`;
  const { last, step, steps } = live;
  return (
    <>
      {at} · step {formatCount(step)} / {formatCount(steps)} · loss {formatLoss(last.loss)}
      <span className={classes.wideOnly}>
        {' '}
        · {formatRate(last.tokensPerSecond)} · {formatAbout(last.secondsLeft)} left of this run
      </span>
    </>
  );
}

/** The controls change with the phase, the figures beside them with every batch of events. */
function Running() {
  const { run } = useSession();
  const phase = usePart('run', (state) => latestRun(state)?.phase);
  const stopping = phase === 'stopping';
  return (
    <>
      <RunningText />
      {phase === 'paused' ? (
        <Button variant="default" aria-label="Resume" onClick={run.resume}>
          Resume
        </Button>
      ) : (
        <Button variant="default" aria-label="Pause" disabled={phase !== 'running'} onClick={run.pause}>
          Pause
        </Button>
      )}
      <Button
        variant="default"
        aria-label="Stop"
        title="Stop and keep what was learned"
        disabled={stopping}
        onClick={run.stop}
      >
        Stop<span className={classes.wideOnly}>&nbsp;&amp; keep</span>
      </Button>
    </>
  );
}

function RunningText() {
  const record = usePart('run', latestRun);
  if (record === undefined) return null;
  const { phase, last, step, steps, message, smaller } = record;
  if (last === null) {
    return <span className={classes.stripText}>{phase === 'stopping' ? `${message}; then it ends` : message}</span>;
  }
  const state = { stopping: 'ending after this step', paused: 'paused' }[String(phase)];
  return (
    <span className={classes.stripText}>
      step {formatCount(step)} / {formatCount(steps)} · loss {formatLoss(last.loss)}
      <span className={classes.wideOnly}> · {formatRate(last.tokensPerSecond)}</span> ·{' '}
      {state ?? `${formatAbout(last.secondsLeft)} left`}
      {smaller && (
        <span className={classes.wideOnly}>
          {' '}
          · memory ran out at step {formatCount(smaller.step)}: {sayParts(smaller.microBatchSize, smaller.recompute)}
        </span>
      )}
    </span>
  );
}

interface NextStep {
  readonly text: string;
  readonly step: StepName;
}

/** Nothing is running: says how the last run of this model ended and leads on. */
function Next() {
  const modelName = usePart('model', (state) => summaryOf(state)?.name ?? null);
  const record = usePart('run', (state) => latestRunOf(state, modelName));
  const next = useNextStep(record);
  return (
    <>
      <span className={classes.stripText}>{next.text}</span>
      <Button
        component="a"
        href={`#${next.step.toLowerCase()}`}
        variant="default"
        onClick={(event) => {
          event.preventDefault();
          goTo(next.step);
        }}
      >
        Go to {next.step}
      </Button>
    </>
  );
}

function useNextStep(record: RunRecord | undefined): NextStep {
  const model = usePart('model', ({ phase }) => phase.status);
  const hasData = usePart('dataset', (state) => usableDataset(state) !== null);
  const hasAdapter = usePart('adapters', ({ list }) => list.length > 0);
  const compared = usePart('compare', hasCompared);
  if (model === 'failed') return { text: 'The model could not be loaded.', step: 'Model' };
  if (model === 'cancelled') return { text: 'No model is loaded.', step: 'Model' };
  if (record?.phase === 'failed') return { text: 'The run ended with an error.', step: 'Tune' };
  if (!hasData) return { text: 'Nothing is training. First, a dataset.', step: 'Data' };
  if (!hasAdapter) return { text: 'Nothing is training. The data is ready.', step: 'Tune' };
  const ended =
    record === undefined
      ? 'Nothing is training.'
      : `Run ${record.id} ${record.ending ? sayEnding(record.ending) : 'ended'} at step ${formatCount(record.step)}.`;
  return compared
    ? { text: `${ended} Take the adapter with you.`, step: 'Export' }
    : { text: `${ended} See what the adapter does.`, step: 'Compare' };
}

/** For screen readers: the turns of a run, not its every step. */
function Announcement() {
  const search = usePart('sweep', sayTurn);
  const text = usePart('run', (state) => {
    const record = latestRun(state);
    if (record === undefined) return '';
    if (record.phase === 'done') return `Run ${record.id}: ${record.message}`;
    const { smaller } = record;
    const parts = smaller ? `; memory ran out, now ${sayParts(smaller.microBatchSize, smaller.recompute)}` : '';
    return `Run ${record.id} is ${record.phase}${parts}`;
  });
  return (
    <p className="visually-hidden" role="status">
      {search ?? text}
    </p>
  );
}

function sayTurn({ phase, current }: SweepPageState): string | null {
  if (current === null || phase === 'idle') return null;
  const { ended, total } = sweepProgress(current);
  return `The search is at run ${Math.min(ended + 1, total)} of ${total}`;
}
