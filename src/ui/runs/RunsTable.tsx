/** The kept runs, newest first. */
import { runRow } from '../../state';
import type { KeptRun } from '../../worker';
import classes from '../steps/steps.module.css';
import { RunsRow } from './RunsRow';
import runsClasses from './runs.module.css';

export function RunsTable({ runs }: { readonly runs: readonly KeptRun[] }) {
  const { number } = classes;
  return (
    <div className={`${classes.tableScroll} ${runsClasses.scroll}`}>
      <table className={`${classes.table} ${runsClasses.table}`}>
        <caption className="visually-hidden">Kept runs, newest first</caption>
        <thead>
          <tr>
            <th>
              <span className="visually-hidden">In the chart</span>
            </th>
            <th>Run</th>
            <th>Data</th>
            <th>Model</th>
            <th>Method</th>
            <th className={number}>Size</th>
            <th className={number}>Rate</th>
            <th className={number}>Steps</th>
            <th className={number}>Validation loss</th>
            <th className={number}>Accuracy</th>
            <th>Ending</th>
            <th>When</th>
            <th>
              <span className="visually-hidden">What can be done</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.toReversed().map((run) => (
            <RunsRow key={run.id} row={runRow(run, undefined)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
