/**
 * Searching for settings: several runs, one after the other, of every combination that is asked for. Its form is folded away,
 * and gone while one is under way; what is under way, was cut off, or was found stands in sight.
 */
import { useState } from 'react';
import { Problem } from '../parts/Problem';
import { usePart } from '../session';
import classes from '../steps/steps.module.css';
import { KeptSweeps } from './KeptSweeps';
import { SearchForm } from './SearchForm';
import { SearchProgress } from './SearchProgress';
import { SearchReport } from './SearchReport';
import { SearchStart } from './SearchStart';

export function Search() {
  const phase = usePart('sweep', (state) => state.phase);
  const problem = usePart('sweep', (state) => state.problem);
  const warnings = usePart('sweep', (state) => state.warnings);
  const current = usePart('sweep', (state) => state.current);
  return (
    <section aria-label="Search settings" className={classes.stack}>
      {phase === 'idle' ? <FoldedForm /> : <SearchProgress />}
      <Problem problem={problem} />
      {warnings.map((warning) => (
        <p key={warning} className={classes.warning} role="status">
          {warning}
        </p>
      ))}
      <KeptSweeps />
      {current !== null && <SearchReport sweep={current} />}
    </section>
  );
}

/** Drawn when it is opened, not before: most visits never do. */
function FoldedForm() {
  const [open, setOpen] = useState(false);
  return (
    <details className={classes.details} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Search settings</summary>
      {open && (
        <div className={`${classes.stack} ${classes.detailsBody}`}>
          <p className={classes.quiet}>
            Tunes once for every combination of what stands here, and says which is enough. All else is as set above.
          </p>
          <SearchForm />
          <SearchStart />
        </div>
      )}
    </details>
  );
}
