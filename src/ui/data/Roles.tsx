/** The columns with what they hold, and what each is for. */
import { NativeSelect } from '@mantine/core';
import { type ColumnRole, isRole, rolesFor, rolesOf } from '../../state';
import type { DatasetSummary } from '../../worker';
import { useSession } from '../session';
import classes from '../steps/steps.module.css';
import dataClasses from './data.module.css';

const WORDS: Readonly<Record<ColumnRole, string>> = {
  unused: 'not used',
  system: 'system message',
  input: 'goes in (input)',
  target: 'comes out (target)',
  label: 'comes out (label)',
};

export function Roles({ summary: { columns, samples, mapping } }: { readonly summary: DatasetSummary }) {
  const { dataset } = useSession();
  const roles = rolesOf(mapping, columns);
  return (
    <div className={dataClasses.section}>
      <h3 className={classes.heading}>What each column is for</h3>
      <div className={dataClasses.tallScroll}>
        <table className={`${classes.table} ${dataClasses.roles}`}>
          <thead>
            <tr>
              <th>Column, and values in it</th>
              <th>Used as</th>
            </tr>
          </thead>
          <tbody>
            {columns.map((column) => {
              const role = roles.get(column) ?? 'unused';
              return (
                <tr key={column} data-role={role}>
                  <td>
                    <span className={dataClasses.columnName}>{column}</span>
                    <span className={dataClasses.values}>{(samples[column] ?? []).join(' · ') || 'empty'}</span>
                  </td>
                  <td className={dataClasses.role}>
                    <NativeSelect
                      size="xs"
                      aria-label={`Role of ${column}`}
                      value={role}
                      data={rolesFor(mapping, column).map((value) => ({ value, label: WORDS[value] }))}
                      onChange={({ currentTarget: { value } }) => {
                        if (isRole(value)) dataset.remap({ column, role: value });
                      }}
                    />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {columns.length > 1 && (
        <p className={classes.quiet}>
          One column comes out: <b>{mapping.target}</b>. It is not used any more when another one does.
        </p>
      )}
    </div>
  );
}
