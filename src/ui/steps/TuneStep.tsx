/** Step 3: what is learned and how, what it will cost, and the loss while it learns. */
import { BUNDLED_MODEL, latestRun, settingsIssues, summaryOf, whyNotTune } from '../../state';
import type { SerialisedError } from '../../worker';
import { formatAbout, formatBytes, formatCount, formatLoss, formatShare, sayEnding, sayParts } from '../format';
import { Figure, Figures } from '../parts/Figure';
import { Problem } from '../parts/Problem';
import { ReasonButton } from '../parts/ReasonButton';
import { Term } from '../parts/Term';
import { Step } from '../Step';
import { Search } from '../search/Search';
import { usePart, useSession } from '../session';
import { Issues } from './Issues';
import { LossPanel } from './LossPanel';
import { MethodSettings } from './MethodSettings';
import { sayTrainable } from './methodWords';
import classes from './steps.module.css';

export function TuneStep() {
  return (
    <Step name="Tune" line={<TuneLine />}>
      <div className={classes.stack}>
        <Untrainable />
        <MethodSettings />
        <StartRow />
        <LossPanel />
        <Search />
      </div>
    </Step>
  );
}

/** A model that can write and not learn: which node stands in the way, and what can be done instead. */
function Untrainable() {
  const { model } = useSession();
  const untrainable = usePart('model', (state) => summaryOf(state)?.untrainable ?? null);
  const name = usePart('model', (state) => summaryOf(state)?.name ?? '');
  const load = {
    label: `Load ${BUNDLED_MODEL}`,
    run: () => model.load({ type: 'bundled', name: BUNDLED_MODEL }),
  };
  return (
    <Problem problem={untrainable} actions={[load]}>
      <p>{name} cannot be tuned because of this. It can still write: Compare shows what it says by itself.</p>
    </Problem>
  );
}

function TuneLine() {
  const modelName = usePart('model', (state) => summaryOf(state)?.name ?? null);
  const runModel = usePart('run', (state) => latestRun(state)?.modelName ?? null);
  const ending = usePart('run', (state) => latestRun(state)?.ending ?? null);
  const base = usePart('run', (state) => latestRun(state)?.baseline?.loss ?? null);
  const first = usePart('run', (state) => latestRun(state)?.firstValidation?.loss ?? null);
  const last = usePart('run', (state) => latestRun(state)?.validation?.loss ?? null);
  if (ending === null || first === null) {
    return (
      <>
        Learns an{' '}
        <Term means="A few numbers that are learned and kept in a small file, to be used with the model. PEFT’s word for what every method here leaves behind.">
          adapter
        </Term>
        ; the model itself stays as it is.
      </>
    );
  }
  const alone = base === null ? '' : ` The model alone has ${formatLoss(base)}.`;
  const of = runModel === modelName ? '' : `${runModel}: `;
  return `${of}Validation loss ${formatLoss(first)} → ${formatLoss(last)}, ${sayEnding(ending)}.${alone}`;
}

/** A run that is known not to fit, with what may make it fit. */
function DoesNotFit({ problem }: { readonly problem: SerialisedError | null }) {
  const { settings } = useSession();
  const byHand = usePart('settings', ({ microBatchSize }) => microBatchSize !== 'auto');
  const choose = {
    label: 'Let the micro-batch be chosen',
    run: () => settings.set({ microBatchSize: 'auto' }),
  };
  return <Problem problem={problem} actions={byHand ? [choose] : []} />;
}

/** What the run would learn, weigh and take, and the button that starts it. */
function StartRow() {
  const session = useSession();
  // Read so that this row is drawn again when the answer to "why not" may change.
  usePart('model', ({ phase }) => phase.status);
  usePart('dataset', ({ current, pending }) => current ?? pending);
  usePart('dataset', ({ fits }) => fits);
  const chosen = usePart('settings', (settings) => settings);
  usePart('run', (state) => latestRun(state)?.phase);
  usePart('sweep', ({ phase }) => phase);
  const { value, problem } = usePart('estimate', (all) => all);
  const reason = whyNotTune(session);
  const issues = settingsIssues(session);
  return (
    <>
      <Issues issues={issues} onFix={session.settings.set} />
      <Problem problem={problem} />
      <DoesNotFit problem={value?.memoryProblem ?? null} />
      <div className={classes.between}>
        <Figures label="What will be learned">
          <Figure
            name={<Term means={sayTrainable(chosen)}>Numbers to learn</Term>}
            value={value && formatCount(value.trainableParameters)}
          />
          <Figure name="Of the model" value={value && formatShare(value.fraction)} />
          <Figure name="File" value={value && formatBytes(value.adapterBytes)} />
          <Figure
            name={<Term means="Each learns from one batch of rows; more settings change it.">Steps</Term>}
            value={Number.isFinite(chosen.steps) ? formatCount(chosen.steps) : null}
          />
          <Figure
            name={<Term means="From measured steps on this machine; known after the first ones.">Time</Term>}
            value={value?.seconds == null ? null : formatAbout(value.seconds)}
          />
          <Figure
            name={
              <Term means="Peak of weights, trainables and the training graph of the longest rows, from static analysis. A batch is computed in micro-batches whose gradients add up; where memory is short, layers are computed twice instead of kept (gradient checkpointing).">
                Memory needed
              </Term>
            }
            value={
              value?.memory &&
              `about ${formatBytes(value.memory.memoryBytes)}, ${sayParts(value.memory.microBatchSize, value.memory.recompute)}`
            }
          />
        </Figures>
        <ReasonButton label="Tune" reason={reason} onClick={session.tune} />
      </div>
    </>
  );
}
