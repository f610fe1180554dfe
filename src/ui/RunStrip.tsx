/** The strip at the bottom, in sight wherever one is: the run under way and its controls, or what comes next. */
import { Button } from '@mantine/core';
import type { RunRecord } from '../state';
import { hasCompared, isActive, latestRun, latestRunOf, summaryOf, usableDataset } from '../state';
import { formatAbout, formatCount, formatLoss, formatRate, sayEnding, sayParts } from './format';
import type { StepName } from './keys';
import { goTo } from './keys';
import { usePart, useSession } from './session';
import classes from './shell.module.css';

export function RunStrip() {
  const active = usePart('run', (state) => isActive(latestRun(state)));
  return (
    <aside className={classes.strip} aria-label="Run">
      <Bar />
      <div className={classes.stripInner}>{active ? <Running /> : <Next />}</div>
      <Announcement />
    </aside>
  );
}

function Bar() {
  const share = usePart('run', (state) => {
    const record = latestRun(state);
    return record ? record.step / record.steps : 0;
  });
  return <div className={classes.stripBar} style={{ transform: `scaleX(${share})` }} />;
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
      {text}
    </p>
  );
}
