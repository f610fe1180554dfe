/** Only the settings in which the chosen runs differ: why their curves part. */
import type { KeptRun } from '../../worker';
import classes from '../steps/steps.module.css';
import { toneOf } from '../tones';
import runsClasses from './runs.module.css';

interface DifferencesProps {
  readonly runs: readonly KeptRun[];
  readonly differences: readonly { readonly name: string; readonly values: readonly (string | null)[] }[];
}

export function Differences({ runs, differences }: DifferencesProps) {
  if (differences.length === 0) {
    return <p className={classes.quiet}>These runs have the same settings, the same data and the same model.</p>;
  }
  return (
    <div className={classes.tableScroll}>
      <table className={`${classes.table} ${runsClasses.differences}`}>
        <caption className={runsClasses.caption}>In what they differ; all else is the same</caption>
        <thead>
          <tr>
            <td />
            {runs.map(({ id, name }, index) => (
              <th key={id} scope="col" style={{ color: toneOf(index).color }}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {differences.map(({ name, values }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {runs.map(({ id }, index) => (
                <td key={id}>{values[index] ?? '–'}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
