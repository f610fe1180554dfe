/** Step 2: a dataset by drop, picker, paste or one click; how it is read; and exactly what will train. */
import { Button } from '@mantine/core';
import { datasetLine, type LoadedDataset } from '../../state';
import type { DatasetSummary, RowProblem } from '../../worker';
import { formatCount } from '../format';
import { Figure, Figures } from '../parts/Figure';
import { Problem } from '../parts/Problem';
import { Step } from '../Step';
import { usePart, useSession } from '../session';
import { Intake } from './Intake';
import { MappingForm } from './MappingForm';
import classes from './steps.module.css';
import { TokenPreview } from './TokenPreview';

export function DataStep() {
  const { dataset } = useSession();
  const { current, previous, pending, failure, modelReady, fits } = usePart('dataset', (all) => all);
  const unread = current !== null && !fits && pending === null && modelReady;
  return (
    <Step name="Data" line={dataLine(current, unread)}>
      <div className={classes.stack}>
        <Intake hasData={current !== null} />
        {pending !== null && (
          <p className={classes.quiet} role="status">
            {modelReady
              ? `Reading ${pending.source.name}`
              : `${pending.source.name} is here; it is read as soon as the model with its tokenizer is.`}
          </p>
        )}
        {failure !== null && (
          <div>
            <Problem problem={failure.problem} onDismiss={dataset.dismissFailure} />
            {current !== null && fits && (
              <p className={classes.quiet}>{current.summary.name} is still in use, as below.</p>
            )}
          </div>
        )}
        {unread && (
          <p className={classes.quiet}>
            {current.summary.name} is kept as the model before read it; the next model tries it again.
          </p>
        )}
        {previous !== null && (
          <div className={classes.row}>
            <p className={classes.quiet}>
              Replaced {previous.summary.name} ({datasetLine(previous.summary)}).
            </p>
            <Button size="compact-xs" variant="default" onClick={dataset.undo}>
              Back to {previous.summary.name}
            </Button>
          </div>
        )}
        {current !== null && <Loaded summary={current.summary} />}
      </div>
    </Step>
  );
}

function dataLine(current: LoadedDataset | null, unread: boolean): string {
  if (current === null) return 'Examples of what goes in and what should come out. They stay on this machine.';
  if (unread) return `This model cannot read ${current.summary.name}.`;
  return `${current.summary.name}: ${datasetLine(current.summary)}`;
}

function Loaded({ summary }: { readonly summary: DatasetSummary }) {
  return (
    <div className={`${classes.columns} ${classes.details}`}>
      <MappingForm summary={summary} />
      <div className={classes.stack}>
        <Counts summary={summary} />
        <Problems problems={summary.skipped} what="skipped" />
        <Problems problems={summary.shortened} what="shortened to fit" />
        <TokenPreview summary={summary} />
      </div>
    </div>
  );
}

function Counts({ summary }: { readonly summary: DatasetSummary }) {
  const { usableRows, trainRows, validationRows, meanTokens, longestTokens, labels, mapping } = summary;
  const shown = labels.slice(0, 6);
  return (
    <>
      <Figures label="The dataset">
        <Figure name="Usable rows" value={formatCount(usableRows)} />
        <Figure name="To learn from" value={formatCount(trainRows)} />
        <Figure name="Held out" value={formatCount(validationRows)} />
        <Figure name="Average row" value={`${formatCount(meanTokens)} tokens`} />
        <Figure name="Longest row" value={`${formatCount(longestTokens)} tokens`} />
      </Figures>
      {mapping.task === 'classification' && (
        <p className={classes.quiet}>
          {labels.length} labels: {shown.map(({ label, count }) => `${label.trim()} ${formatCount(count)}`).join(' · ')}
          {labels.length > shown.length && ` · and ${labels.length - shown.length} more`}
        </p>
      )}
    </>
  );
}

const SHOWN_PROBLEMS = 50;

interface ProblemsProps {
  readonly problems: readonly RowProblem[];
  /** e.g. `skipped`. */
  readonly what: string;
}

function Problems({ problems, what }: ProblemsProps) {
  if (problems.length === 0) return null;
  return (
    <details open={problems.length <= 3}>
      <summary>
        {formatCount(problems.length)} {problems.length === 1 ? 'row' : 'rows'} {what}
      </summary>
      <div className={`${classes.detailsBody} ${classes.scroll}`}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th>Line</th>
              <th>Column</th>
              <th>Reason</th>
            </tr>
          </thead>
          <tbody>
            {problems.slice(0, SHOWN_PROBLEMS).map(({ line, column, reason }) => (
              <tr key={`${line} ${column} ${reason}`}>
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
