/** The loss of the latest run of this visit, and its live figures. */
import type { RunRecord } from '../../state';
import { isActive, latestRun } from '../../state';
import { formatAbout, formatBytes, formatCount, formatLoss, formatRate } from '../format';
import { LossChart } from '../LossChart';
import { Figure } from '../parts/Figure';
import { Problem } from '../parts/Problem';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import classes from './tune.module.css';

export function LossPanel() {
  const id = usePart('run', (state) => latestRun(state)?.id ?? null);
  if (id === null) {
    return <div className={classes.empty}>The loss appears here, step by step.</div>;
  }
  return (
    <>
      <RunProblem />
      <div className={classes.panel}>
        <LossChart key={id} />
        <LiveFigures />
      </div>
    </>
  );
}

function RunProblem() {
  const { run, tune } = useSession();
  const problem = usePart('run', (state) => latestRun(state)?.problem ?? null);
  const failed = usePart('run', (state) => latestRun(state)?.phase === 'failed');
  const cutShort = usePart('run', (state) => problemOf(latestRun(state)));
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
  const record = usePart('run', latestRun);
  if (record === undefined) return null;
  const { last, validation, step, steps, phase } = record;
  const waiting = phase === 'preparing';
  return (
    <dl className={classes.live} aria-label="The run">
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

/** What a run says of itself that ended before it should have. */
function problemOf(record: RunRecord | undefined): string | null {
  const failed = record?.ending === 'diverged' || record?.ending === 'out-of-memory';
  return failed ? record.message : null;
}
