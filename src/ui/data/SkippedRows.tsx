/** Rows that are not used, and those that lose their beginning: why, how many, and where they stand. */
import { Button } from '@mantine/core';
import { PROBLEM_WORDS, sayLines, skippedRows } from '../../state';
import type { DatasetSummary, RowProblem } from '../../worker';
import { formatCount, formatPlural } from '../format';
import { useSession } from '../session';
import classes from '../steps/steps.module.css';
import dataClasses from './data.module.css';

export function SkippedRows({ summary: { report, skipped, shortened } }: { readonly summary: DatasetSummary }) {
  const { downloadSkipped } = useSession();
  const count = skippedRows(report);
  return (
    <>
      {count > 0 && (
        <div className={dataClasses.section}>
          <h3 className={classes.heading}>{formatPlural(count, 'row')} skipped</h3>
          <ul className={dataClasses.reasons}>
            {report.skipped.map((reason) => (
              <li key={reason.kind}>
                {formatCount(reason.count)} {PROBLEM_WORDS[reason.kind]}: {sayLines(reason)}
              </li>
            ))}
          </ul>
          <Problems problems={skipped} title="Row by row" />
          <div className={classes.row}>
            <Button size="compact-sm" variant="default" onClick={() => void downloadSkipped()}>
              Download the list
            </Button>
            {count > skipped.length && (
              <span className={classes.quiet}>A CSV of the first {formatCount(skipped.length)}.</span>
            )}
          </div>
        </div>
      )}
      <Problems problems={shortened} title={`${formatPlural(report.cutRows, 'row')} shortened to fit`} />
    </>
  );
}

const SHOWN_PROBLEMS = 50;
const FEW = 3;

interface ProblemsProps {
  readonly problems: readonly RowProblem[];
  readonly title: string;
}

function Problems({ problems, title }: ProblemsProps) {
  if (problems.length === 0) return null;
  const hasFiles = problems.some(({ file }) => file !== undefined);
  return (
    <details open={problems.length <= FEW}>
      <summary>{title}</summary>
      <div className={`${classes.detailsBody} ${classes.scroll}`}>
        <table className={`${classes.table} ${dataClasses.problems}`}>
          <thead>
            <tr>
              {hasFiles && <th>File</th>}
              <th>Line</th>
              <th>Column</th>
              <th>Reason</th>
            </tr>
          </thead>
          <tbody>
            {problems.slice(0, SHOWN_PROBLEMS).map(({ file, line, column, reason }) => (
              <tr key={`${file} ${line} ${column} ${reason}`}>
                {hasFiles && <td>{file}</td>}
                <td>{formatCount(line)}</td>
                <td>{column ?? '–'}</td>
                <td>{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {problems.length > SHOWN_PROBLEMS && (
          <p className={classes.quiet}>and {formatCount(problems.length - SHOWN_PROBLEMS)} more</p>
        )}
      </div>
    </details>
  );
}
