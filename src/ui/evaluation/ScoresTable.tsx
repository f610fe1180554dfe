/** Metrics in rows, subjects in columns: each score with its interval, and how much it differs from the model alone. */
import {
  type Measured,
  type MetricRow,
  metricRows,
  type NamedSubject,
  type ScoreCell,
  subjectKey,
  verdictOf,
} from '../../state';
import type { MetricName } from '../../worker';
import { Term } from '../parts/Term';
import classes from '../steps/steps.module.css';
import evaluationClasses from './evaluation.module.css';
import { directionOf, formatDifference, formatRange, formatScore, METRIC_WORDS, sayVerdict } from './metricWords';

export function ScoresTable({ measured: { report, subjects } }: { readonly measured: Measured }) {
  return (
    <div className={classes.tableScroll}>
      <table className={`${classes.table} ${evaluationClasses.scores}`}>
        <caption className={evaluationClasses.caption}>
          <Term means="95 % percentile bootstrap (Efron 1979) over the rows, and for differences over the same rows of both (paired). A difference is more than chance where its interval does not hold 0.">
            In brackets, where the score would lie with other rows of the kind
          </Term>
        </caption>
        <thead>
          <tr>
            <th scope="col">Measure</th>
            {subjects.map(({ subject, name, tone }) => (
              <th
                key={subjectKey(subject)}
                scope="col"
                className={`${classes.number} ${evaluationClasses.subject}`}
                style={{ color: `var(--p-${tone})` }}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {metricRows(report).map((row) => (
            <MetricLine key={row.metric} row={row} subjects={subjects} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function MetricLine({
  row: { metric, cells },
  subjects,
}: {
  readonly row: MetricRow;
  readonly subjects: Measured['subjects'];
}) {
  const { label, term, means } = METRIC_WORDS[metric];
  const { arrow, words } = directionOf(metric);
  return (
    <tr>
      <th scope="row" className={evaluationClasses.metric}>
        <Term means={means}>{label}</Term>{' '}
        <span aria-hidden="true" title={words}>
          {arrow}
        </span>
        <span className="visually-hidden">, {words}</span>
        <span className={evaluationClasses.term}>{term}</span>
      </th>
      {subjects.map(({ subject, name, tone }, index) => (
        <td key={subjectKey(subject)} className={classes.number} data-label={name}>
          <Score metric={metric} cell={cells[index] ?? NONE} tone={tone} />
        </td>
      ))}
    </tr>
  );
}

const NONE: ScoreCell = { value: null, difference: null };

interface ScoreProps {
  readonly metric: MetricName;
  readonly cell: ScoreCell;
  readonly tone: NamedSubject['tone'];
}

function Score({ metric, cell: { value, difference }, tone }: ScoreProps) {
  if (value === null) return '–';
  return (
    <>
      <data value={value.value} style={{ color: `var(--p-${tone})` }}>
        {formatScore(metric, value)}
      </data>{' '}
      <span className={evaluationClasses.range}>({formatRange(metric, value)})</span>
      {difference !== null && (
        <span className={evaluationClasses.difference}>
          {formatDifference(metric, difference)}{' '}
          <span data-verdict={verdictOf(metric, difference)}>{sayVerdict(metric, difference)}</span>
        </span>
      )}
    </>
  );
}
