/** Numbers as bars on one scale, a row for each layer or token: a table to a screen reader, a chart to the eye. */
import { Skeleton } from '@mantine/core';
import classes from './learned.module.css';

export interface Bar {
  readonly value: number;
  readonly tone: 'base' | 'tuned';
  /** The number, with as many digits as are known. */
  readonly text: string;
}

export interface BarRow {
  readonly label: string;
  /** One, or one above the other; null is not known yet. */
  readonly bars: readonly Bar[] | null;
  /** In a column of its own. */
  readonly note?: string;
}

interface BarTableProps {
  readonly caption: string;
  /** Over the columns; the number's with its unit. */
  readonly heads: { readonly row: string; readonly value: string; readonly note?: string };
  readonly rows: readonly BarRow[];
  /** Whether rows without bars are still to come. */
  readonly pending?: boolean;
  /** A value that all are compared to, as a line. */
  readonly mark?: number;
}

export function BarTable({ caption, heads, rows, pending = false, mark }: BarTableProps) {
  const values = rows.flatMap(({ bars }) => bars?.map(({ value }) => value) ?? []);
  const low = Math.min(0, ...values);
  const span = Math.max(0, mark ?? 0, ...values) - low || 1;
  const place = (value: number) => `${(100 * (value - low)) / span}%`;
  return (
    <table className={classes.bars}>
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th>{heads.row}</th>
          <th className={classes.number} colSpan={2}>
            {heads.value}
          </th>
          {heads.note !== undefined && <th className={classes.number}>{heads.note}</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ label, bars, note }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td className={classes.track}>
              {bars === null && pending && <Skeleton height="0.6rem" />}
              {bars?.map(({ value, tone }) => (
                <span
                  key={tone}
                  className={classes.bar}
                  data-tone={tone}
                  style={{ marginLeft: place(Math.min(0, value)), width: `${(100 * Math.abs(value)) / span}%` }}
                />
              ))}
              {mark !== undefined && <span className={classes.mark} style={{ left: place(mark) }} />}
            </td>
            <td className={classes.number}>
              {bars?.map(({ tone, text }) => (
                <span key={tone} className={classes.value} data-tone={tone}>
                  {text}
                </span>
              )) ?? (pending ? '' : '–')}
            </td>
            {heads.note !== undefined && <td className={classes.number}>{note ?? ''}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
