/** The labels: how many rows each has, the word that stands for it in the text, and the token that tells them apart. */
import { TextInput } from '@mantine/core';
import { describeImbalance } from '../../state';
import type { DatasetSummary, LabelSummary } from '../../worker';
import { formatCount, formatShare } from '../format';
import { Term } from '../parts/Term';
import { useSession } from '../session';
import classes from '../steps/steps.module.css';
import dataClasses from './data.module.css';
import { useDraft } from './useDraft';

const SHOWN_LABELS = 100;

export function LabelWords({ summary: { labels } }: { readonly summary: DatasetSummary }) {
  const rows = labels.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(...labels.map(({ count }) => count));
  const imbalance = describeImbalance(labels);
  return (
    <div className={dataClasses.section}>
      <h3 className={classes.heading}>
        <Term means="Verbaliser (Schick & Schütze 2021): the word in the text that stands for a label. A common word with a first token of its own is learned fastest.">
          Words for the labels
        </Term>
      </h3>
      <div className={dataClasses.tallScroll}>
        <table className={`${classes.table} ${dataClasses.labels}`}>
          <thead>
            <tr>
              <th>Label</th>
              <th>Rows</th>
              <th>Word</th>
              <th>First token</th>
            </tr>
          </thead>
          <tbody>
            {labels.slice(0, SHOWN_LABELS).map((one) => (
              <LabelRow key={one.label} one={one} share={one.count / rows} width={one.count / most} />
            ))}
          </tbody>
        </table>
      </div>
      {labels.length > SHOWN_LABELS && (
        <p className={classes.quiet}>and {formatCount(labels.length - SHOWN_LABELS)} more labels</p>
      )}
      {imbalance !== null && <p className={classes.warning}>{imbalance}</p>}
    </div>
  );
}

interface LabelRowProps {
  readonly one: LabelSummary;
  /** Of all rows, 0..1. */
  readonly share: number;
  /** Of the longest bar, 0..1. */
  readonly width: number;
}

function LabelRow({ one: { label, count, word, tokens, sameStart }, share, width }: LabelRowProps) {
  const { dataset } = useSession();
  const { draft, type, focusProps } = useDraft(word, (typed) => dataset.remap({ label, word: typed }));
  const [first] = tokens;
  return (
    <tr>
      <td className={dataClasses.label}>{label}</td>
      <td className={classes.noWrap}>
        {formatCount(count)} <span className={dataClasses.share}>{formatShare(share)}</span>
        <span className={dataClasses.bar} style={{ width: `${100 * width}%` }} />
      </td>
      <td>
        <TextInput
          size="xs"
          className={dataClasses.word ?? ''}
          aria-label={`Word for ${label}`}
          placeholder={label}
          value={draft}
          onChange={(event) => type(event.currentTarget.value)}
          {...focusProps}
          error={
            sameStart.length > 0 ? `Starts with the same token as ${sameStart.join(', ')}: pick another word.` : null
          }
        />
      </td>
      <td className={classes.mono}>{first === undefined ? '–' : <code>{first.replaceAll(' ', '␣')}</code>}</td>
    </tr>
  );
}
