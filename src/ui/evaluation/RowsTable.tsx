/** Rows of a report: where they stand in the data, what was asked, what is right, and what each subject made of it. */
import { UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { lossChange, type NamedSubject, type RowColumn, type RowOrder, type Sight, subjectKey } from '../../state';
import type { EvaluatedRow, RowOutcome } from '../../worker';
import { formatLoss } from '../format';
import classes from '../steps/steps.module.css';
import evaluationClasses from './evaluation.module.css';

interface RowsTableProps {
  readonly rows: readonly EvaluatedRow[];
  /** Of the report, that what is opened stays with its row; several may stand on one line. */
  readonly all: readonly EvaluatedRow[];
  readonly subjects: readonly NamedSubject[];
  readonly sight: Sight;
  /** Whether there are two losses to compare. */
  readonly hasChange: boolean;
  readonly order: RowOrder;
  readonly onOrder: (order: RowOrder) => void;
}

export function RowsTable({ rows, all, subjects, sight, hasChange, order, onOrder }: RowsTableProps) {
  const head = (column: RowColumn, name: string) => (
    <SortButton column={column} name={name} order={order} onOrder={onOrder} />
  );
  const sorted = (column: RowColumn) =>
    order.column === column ? (order.descending ? 'descending' : 'ascending') : undefined;
  return (
    <div className={classes.tableScroll}>
      <table className={`${classes.table} ${evaluationClasses.rows}`}>
        <caption className="visually-hidden">Measured rows, with the answer and the loss of each subject</caption>
        <thead>
          <tr>
            <th scope="col" aria-sort={sorted('line')}>
              {head('line', 'Line')}
            </th>
            <th scope="col">Prompt</th>
            <th scope="col">In the data</th>
            {subjects.map(({ subject, name, tone }, index) => (
              <th key={subjectKey(subject)} scope="col" aria-sort={sorted(index)} style={{ color: `var(--p-${tone})` }}>
                {name}
                <br />
                {head(index, 'loss')}
                <span className="visually-hidden"> of {name}</span>
              </th>
            ))}
            {hasChange && (
              <th scope="col" className={classes.number} aria-sort={sorted('change')}>
                {head('change', 'Change in loss')}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={all.indexOf(row)} row={row} subjects={subjects} sight={sight} hasChange={hasChange} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface SortButtonProps {
  readonly column: RowColumn;
  readonly name: string;
  readonly order: RowOrder;
  readonly onOrder: (order: RowOrder) => void;
}

function SortButton({ column, name, order, onOrder }: SortButtonProps) {
  const isChosen = order.column === column;
  return (
    <UnstyledButton
      className={evaluationClasses.sort}
      onClick={() => onOrder({ column, descending: isChosen && !order.descending })}
    >
      {name}
      <span aria-hidden="true" className={evaluationClasses.arrow}>
        {isChosen ? (order.descending ? '↓' : '↑') : ''}
      </span>
    </UnstyledButton>
  );
}

interface RowProps {
  readonly row: EvaluatedRow;
  readonly subjects: readonly NamedSubject[];
  readonly sight: Sight;
  readonly hasChange: boolean;
}

function Row({ row, subjects, sight, hasChange }: RowProps) {
  const change = lossChange(row, sight);
  return (
    <tr>
      <td data-label="Line">
        {row.file !== undefined && <span className={classes.quiet}>{row.file} </span>}
        {row.line}
      </td>
      <td className={evaluationClasses.prompt}>
        <Prompt text={row.prompt} />
      </td>
      <td className={evaluationClasses.answer} data-label="In the data">
        {row.target.trim()}
      </td>
      {subjects.map(({ subject, name, tone }, index) => (
        <td key={subjectKey(subject)} className={evaluationClasses.answer} data-label={name}>
          <Answer outcome={row.outcomes[index]} tone={tone} />
        </td>
      ))}
      {hasChange && (
        <td className={classes.number} data-label="Change in loss">
          {change === null ? '–' : `${change > 0 ? '+' : ''}${formatLoss(change).replace('-', '−')}`}
        </td>
      )}
    </tr>
  );
}

/** What stands next to the answer counts most, so of a long prompt it is the end that shows. */
const SHOWN = 90;

function Prompt({ text }: { readonly text: string }) {
  const [open, setOpen] = useState(false);
  if (text.length <= SHOWN) return text;
  return (
    <>
      {open ? text : `…${text.slice(-SHOWN)}`}{' '}
      <UnstyledButton className={evaluationClasses.more} aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? 'less' : 'all of it'}
      </UnstyledButton>
    </>
  );
}

interface AnswerProps {
  readonly outcome: RowOutcome | undefined;
  readonly tone: NamedSubject['tone'];
}

function Answer({ outcome, tone }: AnswerProps) {
  if (outcome === undefined) return '–';
  const { answer, right, loss, probabilities } = outcome;
  const likeliest = probabilities === null ? null : Math.max(...probabilities);
  return (
    <>
      <span style={{ color: `var(--p-${tone})` }}>
        {right !== null && (
          <>
            <span aria-hidden="true">{right ? '✓ ' : '✗ '}</span>
            <span className="visually-hidden">{right ? 'right: ' : 'wrong: '}</span>
          </>
        )}
        {answer.trim() || <i>nothing</i>}
      </span>
      <span className={evaluationClasses.loss}>
        loss {formatLoss(loss)}
        {likeliest !== null && ` · ${(100 * likeliest).toFixed(0)} % sure`}
      </span>
    </>
  );
}
