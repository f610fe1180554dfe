/** What is taken for what: for each subject the true labels in rows, the answers in columns, and the chief mistakes in words. */
import { type Measured, mistakesOf, type NamedSubject, subjectKey } from '../../state';
import { formatCount, formatPlural } from '../format';
import { Term } from '../parts/Term';
import classes from '../steps/steps.module.css';
import evaluationClasses from './evaluation.module.css';

/** Mistakes that are named in words. */
const NAMED = 3;

export function Confusion({ measured: { report, subjects } }: { readonly measured: Measured }) {
  return (
    <details className={classes.details}>
      <summary>What is taken for what</summary>
      <p className={`${classes.quiet} ${classes.detailsBody}`}>
        <Term means="Confusion matrix. The deeper the ground, the larger the share of the rows with that label.">
          Down the side, the label in the data; along the top, the answer.
        </Term>
      </p>
      <div className={`${evaluationClasses.matrices} ${classes.detailsBody}`}>
        {subjects.map((named, index) => {
          const confusion = report.subjects[index]?.confusion;
          return confusion ? (
            <Matrix key={subjectKey(named.subject)} subject={named} labels={report.labels} confusion={confusion} />
          ) : null;
        })}
      </div>
    </details>
  );
}

interface MatrixProps {
  readonly subject: NamedSubject;
  readonly labels: readonly string[];
  readonly confusion: readonly (readonly number[])[];
}

function Matrix({ subject: { name, tone }, labels, confusion }: MatrixProps) {
  const mistakes = mistakesOf(confusion, labels).slice(0, NAMED);
  return (
    <figure className={evaluationClasses.matrix}>
      <div className={classes.tableScroll}>
        <table>
          <caption style={{ color: `var(--p-${tone})` }}>{name}</caption>
          <thead>
            <tr>
              <td />
              {labels.map((label) => (
                <th key={label} scope="col" className={evaluationClasses.across}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {confusion.map((counts, truth) => (
              <tr key={labels[truth]}>
                <th scope="row">{labels[truth]}</th>
                {counts.map((count, label) => (
                  <Cell key={labels[label]} count={count} of={sum(counts)} tone={tone} isRight={truth === label} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <figcaption className={classes.quiet}>
        {mistakes.length === 0
          ? 'No label is mistaken for another.'
          : mistakes
              .map(
                ({ label, takenFor, count, of }) =>
                  `${label} is most often taken for ${takenFor} (${formatCount(count)} of ${formatPlural(of, 'row')}).`,
              )
              .join(' ')}
      </figcaption>
    </figure>
  );
}

interface CellProps {
  readonly count: number;
  /** Rows with the same true label. */
  readonly of: number;
  readonly tone: NamedSubject['tone'];
  readonly isRight: boolean;
}

/** Heat in lightness alone, faint enough for the figure to be read on it. */
function Cell({ count, of, tone, isRight }: CellProps) {
  const heat = of === 0 ? 0 : (45 * count) / of;
  return (
    <td
      data-right={isRight || undefined}
      style={{ background: `color-mix(in oklab, var(--p-${tone}) ${heat.toFixed(1)}%, transparent)` }}
    >
      {formatCount(count)}
    </td>
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
