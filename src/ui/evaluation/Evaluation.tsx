/**
 * "Measure on held-out rows": who is measured and on how much, how far it is, and the last report. A part of Compare, since it
 * asks the same question of many rows at once.
 */
import { usePart } from '../session';
import classes from '../steps/steps.module.css';
import { EvaluationForm } from './EvaluationForm';
import { EvaluationStart } from './EvaluationStart';
import evaluationClasses from './evaluation.module.css';
import { Report } from './Report';

export function Evaluation() {
  const measured = usePart('evaluation', (state) => state.measured);
  return (
    <section aria-label="Measure on held-out rows" className={`${classes.stack} ${evaluationClasses.part}`}>
      <div>
        <h3 className={classes.heading}>Measure on held-out rows</h3>
        <p className={classes.quiet}>
          One answer proves little. Here all are asked the same rows, which tuning on this dataset, split as it is now,
          leaves out.
        </p>
      </div>
      <EvaluationForm />
      <EvaluationStart />
      {measured !== null && <Report key={measured.id} measured={measured} />}
    </section>
  );
}
