/** The five steps beside the content: what each holds, which are done, which one is in view. */
import { type ReactNode, useEffect, useState } from 'react';
import {
  datasetLine,
  hasCompared,
  isActive,
  isWriting,
  keptAdapters,
  latestRun,
  latestRunOf,
  listedRuns,
  summaryOf,
  usableDataset,
} from '../state';
import { formatCount, formatLoss } from './format';
import type { StepName } from './keys';
import { goTo, LEARNED, LIBRARY, RUNS, STEPS } from './keys';
import { usePart } from './session';
import classes from './shell.module.css';

export function StepNav() {
  const inView = useStepInView();
  const lines = useLines();
  return (
    <nav className={classes.nav} aria-label="Steps">
      <div className={classes.navInner}>
        <ol className={classes.navList}>
          {STEPS.map((step, index) => (
            <li key={step}>
              <a
                href={`#${step.toLowerCase()}`}
                className={classes.navLink}
                aria-current={step === inView ? 'step' : undefined}
                onClick={(event) => {
                  event.preventDefault();
                  goTo(step);
                }}
              >
                <span className={classes.navNumber}>{index + 1}</span>
                <span>{step}</span>
                {lines[step].mark !== null && (
                  <span
                    className={classes.navMark}
                    role="img"
                    aria-label={lines[step].mark === '✓' ? 'done' : 'under way'}
                  >
                    {lines[step].mark}
                  </span>
                )}
                {lines[step].line !== '' && <span className={classes.navLine}>{lines[step].line}</span>}
              </a>
            </li>
          ))}
        </ol>
        <div className={classes.navExtras}>
          <ExtraLink place={LEARNED}>What it learned</ExtraLink>
          <RunsLink />
          <LibraryLink />
        </div>
      </div>
    </nav>
  );
}

function RunsLink() {
  const count = usePart('runs', (state) => listedRuns(state).length);
  return (
    <ExtraLink place={RUNS}>
      Runs
      <Count of={count} />
    </ExtraLink>
  );
}

function LibraryLink() {
  const count = usePart('adapters', (state) => keptAdapters(state).length);
  return (
    <ExtraLink place={LIBRARY}>
      Adapters
      <Count of={count} />
    </ExtraLink>
  );
}

/** A phone has no room for it. */
const Count = ({ of }: { readonly of: number }) => <span className={classes.wideOnly}> ({formatCount(of)})</span>;

interface ExtraLinkProps {
  readonly place: typeof LEARNED | typeof RUNS | typeof LIBRARY;
  readonly children: ReactNode;
}

/** No step: what the steps left behind. */
function ExtraLink({ place, children }: ExtraLinkProps) {
  return (
    <a
      href={`#${place}`}
      className={`${classes.navLink} ${classes.navExtra}`}
      data-place={place}
      onClick={(event) => {
        event.preventDefault();
        goTo(place);
      }}
    >
      <span />
      <span>{children}</span>
    </a>
  );
}

interface Line {
  readonly mark: '✓' | '●' | null;
  readonly line: string;
}

function useLines(): Record<StepName, Line> {
  const model = usePart('model', (state) => state.phase.status);
  const name = usePart('model', (state) => summaryOf(state)?.name ?? '');
  const data = usePart('dataset', (state) => {
    const usable = usableDataset(state);
    return usable && datasetLine(usable.summary);
  });
  const tuning = usePart('run', (state) => isActive(latestRun(state)));
  const searching = usePart('sweep', ({ phase }) => phase !== 'idle');
  // Per cent, so that the list is drawn a hundred times in a run and not once per step.
  const percent = usePart('run', (state) => {
    const record = latestRun(state);
    return record ? Math.floor((100 * record.step) / record.steps) : 0;
  });
  const loss = usePart('run', (state) => latestRunOf(state, name)?.validation?.loss ?? null);
  const writing = usePart('compare', isWriting);
  const compared = usePart('compare', hasCompared);
  const done = (is: boolean): Line['mark'] => (is ? '✓' : null);
  return {
    Model: {
      mark: model === 'loading' ? '●' : done(model === 'ready'),
      line: model === 'loading' ? 'loading' : model === 'failed' ? 'could not be loaded' : name,
    },
    Data: { mark: done(data !== null), line: data ?? '' },
    Tune: {
      mark: tuning || searching ? '●' : done(loss !== null),
      line: searching
        ? 'searching'
        : tuning
          ? `${percent} %`
          : loss === null
            ? ''
            : `validation loss ${formatLoss(loss)}`,
    },
    Compare: { mark: writing ? '●' : done(compared), line: '' },
    Export: { mark: null, line: '' },
  };
}

/** The step whose section crosses the upper third of the window. */
function useStepInView(): StepName {
  const [inView, setInView] = useState<StepName>('Model');
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        const entered = entries.find(({ isIntersecting }) => isIntersecting);
        const step = STEPS.find((name) => name.toLowerCase() === entered?.target.id);
        if (step !== undefined) setInView(step);
        // What was learned is looked at with what stands in Compare.
        else if (entered?.target.id === LEARNED) setInView('Compare');
      },
      { rootMargin: '-33% 0px -66% 0px' },
    );
    for (const place of [...STEPS, LEARNED]) {
      const section = document.getElementById(place.toLowerCase());
      if (section !== null) observer.observe(section);
    }
    return () => observer.disconnect();
  }, []);
  return inView;
}
