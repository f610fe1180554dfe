/** The loss of the run that is shown, its live figures, and the log of the runs of this visit. */
import { UnstyledButton } from '@mantine/core';
import type { RunRecord } from '../../state';
import { isActive, latestRun, shownRun } from '../../state';
import { formatAbout, formatBytes, formatCount, formatLoss, formatRate, sayEnding, sayMethod } from '../format';
import { LossChart } from '../LossChart';
import { Figure } from '../parts/Figure';
import { Problem } from '../parts/Problem';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import classes from './steps.module.css';
import tuneClasses from './tune.module.css';

export function LossPanel() {
  const id = usePart('run', (state) => shownRun(state)?.id ?? null);
  const count = usePart('run', ({ runs }) => runs.length);
  if (id === null) {
    return <div className={tuneClasses.empty}>The loss appears here, step by step.</div>;
  }
  return (
    <>
      <RunProblem />
      <div className={tuneClasses.panel}>
        <LossChart key={id} />
        <LiveFigures />
      </div>
      {count > 0 && <RunLog />}
    </>
  );
}

function RunProblem() {
  const { run, tune } = useSession();
  const problem = usePart('run', (state) => shownRun(state)?.problem ?? null);
  const failed = usePart('run', (state) => shownRun(state)?.phase === 'failed');
  const cutShort = usePart('run', (state) => problemOf(shownRun(state)));
  const again = failed && !isActive(latestRun(run.store.getState())) ? [{ label: 'Try again', run: tune }] : [];
  return (
    <>
      <Problem problem={problem} actions={again} />
      {cutShort && <Problem problem={{ kind: 'data', message: cutShort, where: {}, hint: null }} />}
    </>
  );
}

/** Made once, so that drawing the figures again leaves their names alone. */
const LOSS = <Term means="Cross-entropy on the supervised tokens of the last batch, in nats.">Loss</Term>;
const VALIDATION = <Term means="The same on the held-out rows.">Validation</Term>;
const MEMORY = (
  <Term means="Weights, what is learned, and the inputs and outputs of the graphs, on the device.">Memory</Term>
);

/** Drawn again with every batch of events, and nothing around it. */
function LiveFigures() {
  const record = usePart('run', shownRun);
  if (record === undefined) return null;
  const { last, validation, step, steps, phase } = record;
  const waiting = phase === 'preparing';
  return (
    <dl className={tuneClasses.live} aria-label="The run">
      <Figure name="Step" value={`${formatCount(step)} / ${formatCount(steps)}`} />
      <Figure name={LOSS} pending={waiting} value={last && formatLoss(last.loss)} />
      <Figure
        name={VALIDATION}
        pending={waiting}
        value={
          validation && (
            <>
              {formatLoss(validation.loss)}
              {validation.accuracy !== null && ` · ${(100 * validation.accuracy).toFixed(0)} % right`}
            </>
          )
        }
      />
      <Figure name="Speed" pending={waiting} value={last && formatRate(last.tokensPerSecond)} />
      <Figure name={MEMORY} pending={waiting} value={last && formatBytes(last.deviceBytes)} />
      {isActive(record) && <Figure name="Time left" pending={waiting} value={last && formatAbout(last.secondsLeft)} />}
    </dl>
  );
}

function RunLog() {
  const { run } = useSession();
  const runs = usePart('run', (state) => state.runs);
  const shownId = usePart('run', (state) => state.shownId);
  if (runs.length < 2) return null;
  return (
    <div className={classes.tableScroll}>
      <table className={classes.table}>
        <caption className="visually-hidden">Runs of this visit</caption>
        <thead>
          <tr>
            <th>Run</th>
            <th>Data</th>
            <th>Model</th>
            <th>Learns</th>
            <th className={classes.number}>Learning rate</th>
            <th className={classes.number}>Steps</th>
            <th className={classes.number}>Validation loss</th>
            <th>Ending</th>
          </tr>
        </thead>
        <tbody>
          {runs.toReversed().map((record) => (
            <tr key={record.id} className={tuneClasses.runRow} aria-current={record.id === shownId || undefined}>
              <td>
                <UnstyledButton onClick={() => run.show(record.id)}>Run {record.id}</UnstyledButton>
              </td>
              <td>{record.datasetName}</td>
              <td>{record.modelName}</td>
              <td>{sayMethod(record.settings.method)}</td>
              <td className={classes.number}>{record.settings.learningRate}</td>
              <td className={classes.number}>
                {formatCount(record.step)} / {formatCount(record.steps)}
              </td>
              <td className={classes.number}>
                {formatLoss(record.firstValidation?.loss)} → {formatLoss(record.validation?.loss)}
              </td>
              <td>{endingOf(record)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What a run says of itself that ended before it should have. */
function problemOf(record: RunRecord | undefined): string | null {
  const failed = record?.ending === 'diverged' || record?.ending === 'out-of-memory';
  return failed ? record.message : null;
}

function endingOf({ ending, phase }: RunRecord): string {
  return ending ? sayEnding(ending) : phase;
}
