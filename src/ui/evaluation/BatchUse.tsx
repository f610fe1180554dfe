/** "Use it on a file": an adapter's answers for every row of a file, which comes back with a column more. */
import { Button, Select } from '@mantine/core';
import { useRef } from 'react';
import { type Application, adapterLabel, appliedWith, keptAdapters, usableDataset, whyNotApply } from '../../state';
import { formatCount, formatPlural } from '../format';
import { DropArea } from '../parts/DropArea';
import { Problem } from '../parts/Problem';
import partClasses from '../parts/parts.module.css';
import { usePart, useSession } from '../session';
import { adapterOptions } from '../steps/adapterOptions';
import classes from '../steps/steps.module.css';
import { AnswerLength } from './AnswerLength';
import evaluationClasses from './evaluation.module.css';
import { UnderWay } from './UnderWay';

const ALONE = 'model';

export function BatchUse() {
  const { applying } = useSession();
  const place = useRef<HTMLDivElement>(null);
  const working = usePart('applying', (state) => state.working);
  const problem = usePart('applying', (state) => state.problem);
  const columns = usePart('dataset', (state) => usableDataset(state)?.summary.mapping.inputs ?? null);
  const task = usePart('dataset', (state) => usableDataset(state)?.summary.mapping.task ?? null);
  return (
    <section aria-label="Use it on a file" className={classes.stack}>
      <h3 className={classes.heading}>Use it on a file</h3>
      <p className={classes.quiet}>
        Every row is answered, and the file comes back with a column <code>prediction</code>
        {task === 'classification' && (
          <>
            {' '}
            and its <code>probability</code>
          </>
        )}
        .{columns !== null && ` It needs the ${columns.length === 1 ? 'column' : 'columns'} ${columns.join(', ')}.`}
      </p>
      <div className={classes.rowEnd}>
        <AnsweredBy />
        {task !== null && task !== 'classification' && <FileAnswerLength />}
      </div>
      <div ref={place} tabIndex={-1} className={evaluationClasses.place}>
        {working === null ? (
          <FileArea />
        ) : (
          <UnderWay
            stop="Stop answering"
            stopping={working.stopping}
            onStop={applying.stop}
            of="Share of the file that is answered"
            share={working.at === null ? 0 : working.at.rows / Math.max(1, working.at.totalRows)}
            line={sayProgress(working)}
            around={place}
          />
        )}
      </div>
      <Done />
      <Problem problem={problem} onDismiss={applying.dismissProblem} />
    </section>
  );
}

const sayProgress = ({ fileName, at }: Application): string =>
  `${fileName}: ${at === null ? 'being read' : `${formatCount(at.rows)} of ${formatPlural(at.totalRows, 'row')}`}`;

function AnsweredBy() {
  const { applying } = useSession();
  const choice = usePart('applying', (state) => state.choice);
  const isBusy = usePart('applying', (state) => state.working !== null);
  const exportedId = usePart('exporting', (state) => state.adapterId);
  const list = keptAdapters(usePart('adapters', (state) => state));
  return (
    <Select
      label="Answered by"
      data={[{ value: ALONE, label: 'The model alone' }, ...adapterOptions(list, adapterLabel)]}
      value={appliedWith(choice, exportedId, list) ?? ALONE}
      allowDeselect={false}
      disabled={isBusy}
      onChange={(value) => value !== null && applying.choose({ adapterId: value === ALONE ? null : value })}
    />
  );
}

function FileAnswerLength() {
  const { applying } = useSession();
  const maxTokens = usePart('applying', (state) => state.maxTokens);
  const isBusy = usePart('applying', (state) => state.working !== null);
  return (
    <AnswerLength
      name="Length of the file’s answers"
      disabled={isBusy}
      value={maxTokens}
      onChange={applying.setMaxTokens}
    />
  );
}

function FileArea() {
  const session = useSession();
  // Read so that this is drawn again when the answer to "why not" may change.
  usePart('model', ({ phase }) => phase.status);
  usePart('dataset', ({ current, pending }) => pending ?? current);
  usePart('dataset', ({ fits }) => fits);
  usePart('evaluation', ({ measuring }) => measuring === null);
  const reason = whyNotApply(session);
  return (
    <DropArea
      label="Drop a file to be answered"
      compact
      disabled={reason !== null}
      onFiles={(files) => session.applyTo(files)}
    >
      <span>
        {reason ?? (
          <>
            Drop a file, or choose one <span className={partClasses.dropHint}>rows like those of the dataset</span>
          </>
        )}
      </span>
    </DropArea>
  );
}

function Done() {
  const { applying } = useSession();
  const done = usePart('applying', (state) => state.done);
  if (done === null) return null;
  const { file, rows, left, stopped } = done;
  return (
    <div className={classes.row}>
      <p className={classes.quiet} role="status">
        {formatPlural(rows, 'row')} answered
        {left > 0 && `, ${formatCount(left)} left out`}
        {stopped && ', and then stopped'}; {file.name} is in your downloads.
      </p>
      <Button size="compact-sm" variant="default" onClick={applying.downloadAgain}>
        Download again
      </Button>
    </div>
  );
}
