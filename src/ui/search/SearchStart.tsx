/** How many runs a search makes and about how long they take, what is wrong with it, and the button that starts it. */
import { latestRun, readForm, whyNotSweep } from '../../state';
import { formatAbout, formatPlural } from '../format';
import { Problem } from '../parts/Problem';
import { ReasonButton } from '../parts/ReasonButton';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';

export function SearchStart() {
  const session = useSession();
  // Read so that this row is drawn again when the answer to "why not" may change.
  usePart('model', ({ phase }) => phase.status);
  usePart('dataset', ({ current, pending }) => current ?? pending);
  usePart('dataset', ({ fits }) => fits);
  usePart('run', (state) => latestRun(state)?.phase);
  usePart('sweep', ({ phase }) => phase);
  const settings = usePart('settings', (state) => state);
  const form = usePart('sweep', (state) => state.form);
  const planProblem = usePart('sweep', (state) => state.planProblem);
  const read = readForm(form, settings);
  return (
    <>
      {!read.ok &&
        read.issues.map(({ field, message }) => (
          <p key={`${field} ${message}`} className={classes.warning} role="status">
            {message}
          </p>
        ))}
      <Problem problem={read.ok ? planProblem : null} />
      <div className={classes.between}>
        {read.ok ? <Plan halving={form.halving} /> : <span />}
        <ReasonButton label="Search" reason={whyNotSweep(session)} onClick={session.startSweep} />
      </div>
    </>
  );
}

function Plan({ halving }: { readonly halving: boolean }) {
  const count = usePart('sweep', ({ plan }) => plan?.length ?? null);
  const seconds = usePart('estimate', ({ value }) => value?.seconds ?? null);
  if (count === null) return <span />;
  const time =
    seconds === null
      ? 'how long is known after the first steps on this machine'
      : `${halving ? 'at most ' : ''}${formatAbout(seconds * count)}, going by the last steps on this machine`;
  return (
    <p className={classes.quiet}>
      {formatPlural(count, 'run')}; {time}.
    </p>
  );
}
