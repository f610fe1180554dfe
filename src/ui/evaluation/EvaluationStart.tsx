/** The button that begins a measurement; while one is under way, how far it is and the button that ends it. */
import { Button, Progress } from '@mantine/core';
import { type Measuring, whyNotMeasure } from '../../state';
import { formatCount } from '../format';
import { Problem } from '../parts/Problem';
import { ReasonButton } from '../parts/ReasonButton';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';
import evaluationClasses from './evaluation.module.css';

export function EvaluationStart() {
  const session = useSession();
  // Read so that this is drawn again when the answer to "why not" may change.
  usePart('model', ({ phase }) => phase.status);
  usePart('dataset', ({ current, pending }) => pending ?? current);
  usePart('dataset', ({ fits }) => fits);
  usePart('applying', ({ working }) => working === null);
  const measuring = usePart('evaluation', (state) => state.measuring);
  const failures = usePart('evaluation', (state) => state.failures);
  const problem = usePart('evaluation', (state) => state.problem);
  return (
    <>
      <div className={evaluationClasses.start}>
        {measuring === null ? (
          <ReasonButton label="Measure all" reason={whyNotMeasure(session)} onClick={session.measure} />
        ) : (
          <UnderWay measuring={measuring} />
        )}
      </div>
      {failures.map(({ subject: { name }, problem: why }) => (
        <Problem key={name} problem={{ ...why, message: `${name} could not be measured. ${why.message}` }} />
      ))}
      <Problem problem={problem} />
    </>
  );
}

function UnderWay({ measuring: { subjects, at, stopping } }: { readonly measuring: Measuring }) {
  const { evaluation } = useSession();
  const share = at === null ? 0 : (at.subject + at.done / Math.max(1, at.total)) / subjects.length;
  return (
    <>
      <Button variant="default" disabled={stopping} onClick={evaluation.stop}>
        {stopping ? 'Stopping' : 'Stop measuring'}
      </Button>
      <div className={evaluationClasses.progress}>
        <Progress aria-label="Share of the rows that are measured" value={100 * share} size="sm" />
        <p className={classes.quiet} role="status">
          {at === null
            ? 'Getting ready'
            : `${subjects[at.subject]?.name}: ${formatCount(at.done)} of ${formatCount(at.total)} rows`}
          {subjects.length > 1 && at !== null && ` · ${at.subject + 1} of ${subjects.length}`}
        </p>
      </div>
    </>
  );
}
