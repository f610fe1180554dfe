/** Every run of a search, to be sorted by any column. */
import { UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { reordered, resultOf, type SweepColumn, type SweepOrder, sortedRuns } from '../../state';
import type { SweepRun } from '../../worker';
import { formatAccuracy, formatCount, formatLoss } from '../format';
import { METHODS } from '../steps/methodWords';
import classes from '../steps/steps.module.css';
import searchClasses from './search.module.css';

interface SweepTableProps {
  readonly runs: readonly SweepRun[];
  readonly best: SweepRun['id'] | null;
  readonly advised: SweepRun['id'] | null;
}

const COLUMNS: readonly { readonly column: SweepColumn; readonly name: string; readonly isNumber: boolean }[] = [
  { column: 'run', name: 'Run', isNumber: false },
  { column: 'method', name: 'Method', isNumber: false },
  { column: 'size', name: 'Size', isNumber: true },
  { column: 'learningRate', name: 'Rate', isNumber: true },
  { column: 'init', name: 'Start', isNumber: false },
  { column: 'seed', name: 'Seed', isNumber: true },
  { column: 'parameters', name: 'Numbers', isNumber: true },
  { column: 'step', name: 'Steps', isNumber: true },
  { column: 'loss', name: 'Validation loss', isNumber: true },
  { column: 'accuracy', name: 'Accuracy', isNumber: true },
];

export function SweepTable({ runs, best, advised }: SweepTableProps) {
  const [order, setOrder] = useState<SweepOrder>({ column: 'run', descending: false });
  return (
    <div className={`${classes.tableScroll} ${searchClasses.scroll}`}>
      <table className={`${classes.table} ${searchClasses.table}`}>
        <caption className="visually-hidden">Runs of the search</caption>
        <thead>
          <tr>
            {COLUMNS.map(({ column, name, isNumber }) => (
              <th
                key={column}
                className={isNumber ? classes.number : undefined}
                aria-sort={order.column === column ? (order.descending ? 'descending' : 'ascending') : undefined}
              >
                <UnstyledButton className={searchClasses.sort} onClick={() => setOrder(reordered(order, column))}>
                  {name}
                  <span aria-hidden="true">{order.column === column ? (order.descending ? ' ↓' : ' ↑') : ''}</span>
                </UnstyledButton>
              </th>
            ))}
            <th>State</th>
          </tr>
        </thead>
        <tbody>
          {sortedRuns(runs, order).map((run) => (
            <Row key={run.id} run={run} mark={run.id === best ? 'best' : run.id === advised ? 'enough' : null} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ run, mark }: { readonly run: SweepRun; readonly mark: 'best' | 'enough' | null }) {
  const { point, state } = run;
  const result = resultOf(run);
  const { number } = classes;
  return (
    <tr data-mark={mark ?? undefined}>
      <td>{run.id}</td>
      <td>{METHODS[point.method].label}</td>
      <td className={number}>{point.size}</td>
      <td className={number}>{point.learningRate}</td>
      <td>{point.init?.type ?? '–'}</td>
      <td className={number}>{point.seed}</td>
      <td className={number}>{result ? formatCount(result.parameters) : '–'}</td>
      <td className={number}>{result ? formatCount(result.step) : '–'}</td>
      <td className={number}>{formatLoss(result?.loss)}</td>
      <td className={number}>{formatAccuracy(result?.accuracy ?? null)}</td>
      <td title={state.status === 'failed' ? state.message : undefined}>
        {state.status === 'stopped-early' ? 'stopped early' : state.status}
        {mark !== null && <b> · {mark}</b>}
      </td>
    </tr>
  );
}
