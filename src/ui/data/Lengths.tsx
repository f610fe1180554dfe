/** How long the rows are, in tokens: a histogram with the maximum in it. What lies beyond is hatched, not only paler. */
import { describeCut, describeLengths, lengthBars } from '../../state';
import type { DatasetSummary } from '../../worker';
import { formatCount, formatPlural } from '../format';
import { Term } from '../parts/Term';
import classes from '../steps/steps.module.css';
import dataClasses from './data.module.css';

export function Lengths({ summary: { report, longestTokens } }: { readonly summary: DatasetSummary }) {
  const bars = lengthBars(report);
  const most = Math.max(...bars.map(({ rows }) => rows));
  const end = bars.at(-1)?.to ?? 0;
  if (end === 0) return null;
  const mark = report.maxTokens / end;
  return (
    <figure className={dataClasses.figure}>
      <figcaption className={classes.heading}>
        <Term means="Before anything is cut, the end token included. Longer rows take more memory and time; what is cut is the beginning of the prompt.">
          Tokens per row
        </Term>
      </figcaption>
      <div className={dataClasses.histogram} role="img" aria-label={describeLengths(report, longestTokens)}>
        {bars.map(({ from, to, rows, beyond }) => (
          <span
            key={from}
            className={dataClasses.lengthBar}
            data-beyond={beyond || undefined}
            style={{ height: `${(100 * rows) / most}%` }}
            title={`${formatCount(from)} to ${formatCount(to - 1)} tokens: ${formatPlural(rows, 'row')}`}
          />
        ))}
        {mark < 1 && (
          <span className={dataClasses.maximum} data-right={mark > 0.5 || undefined} style={{ left: `${100 * mark}%` }}>
            <span className={dataClasses.maximumName}>{formatCount(report.maxTokens)} at most</span>
          </span>
        )}
      </div>
      <div className={dataClasses.axis} aria-hidden="true">
        <span>0</span>
        <span>{formatCount(end)} tokens</span>
      </div>
      <p className={dataClasses.sentence}>{describeCut(report)}</p>
    </figure>
  );
}
