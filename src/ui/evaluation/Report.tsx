/** The last report: what it was measured on, the scores, what is mistaken for what, the vote, and every row. */
import { Button, CopyButton } from '@mantine/core';
import { groundOf, isGone, type Measured, summaryOf, usableDataset, whyStale } from '../../state';
import { formatDuration, formatPlural } from '../format';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';
import { Confusion } from './Confusion';
import evaluationClasses from './evaluation.module.css';
import { scoresAsMarkdown } from './markdown';
import { RowsPanel } from './RowsPanel';
import { ScoresTable } from './ScoresTable';
import { Voting } from './Voting';

export function Report({ measured }: { readonly measured: Measured }) {
  const { report } = measured;
  return (
    <div className={classes.stack}>
      <Circumstances measured={measured} />
      <ScoresTable measured={measured} />
      <div className={classes.row}>
        <CopyButton value={scoresAsMarkdown(measured)} timeout={2000}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="default" onClick={copy}>
              {copied ? 'Copied as Markdown' : 'Copy the table'}
            </Button>
          )}
        </CopyButton>
      </div>
      {report.task === 'classification' && <Confusion measured={measured} />}
      <Voting />
      <RowsPanel measured={measured} />
    </div>
  );
}

function Circumstances({ measured: { report, subjects, ground, stopped } }: { readonly measured: Measured }) {
  const stale = useStaleness(ground);
  const adapters = usePart('adapters', (state) => state);
  const gone = subjects.filter(({ subject }) => isGone(subject, adapters));
  const seconds = report.subjects.reduce((sum, one) => sum + one.seconds, 0);
  const warnings = [
    stale,
    stopped ? 'It was stopped; those that were finished by then are kept.' : null,
    ...gone.map(({ name }) => `${name} was deleted since.`),
    ...report.notes,
  ].filter((warning) => warning !== null);
  return (
    <div className={evaluationClasses.circumstances}>
      <p className={classes.quiet}>
        {report.dataset}, {formatPlural(report.rows.length, 'held-out row')}, in {formatDuration(seconds)}
      </p>
      {warnings.map((warning) => (
        <p key={warning} className={classes.warning} role="status">
          {warning}
        </p>
      ))}
    </div>
  );
}

function useStaleness(ground: Measured['ground']): string | null {
  const { model, dataset } = useSession();
  usePart('model', ({ phase }) => phase.status);
  usePart('dataset', ({ current }) => current);
  usePart('dataset', ({ fits }) => fits);
  const summary = summaryOf(model.store.getState());
  const current = usableDataset(dataset.store.getState());
  return whyStale(ground, summary && current && groundOf(summary, current));
}
