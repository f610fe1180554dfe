/** Base against tuned on the held-out rows, one line per prefix. */
import { Button } from '@mantine/core';
import { measuredOn, prefixLabel, scoreRows, usableDataset } from '../../state';
import type { AdapterSummary } from '../../worker';
import { formatAccuracy, formatCount, formatLoss, sayShape } from '../format';
import { usePart, useSession } from '../session';
import classes from './steps.module.css';

export function ScoreTable() {
  const { prefixes } = useSession();
  const state = usePart('prefixes', (all) => all);
  const hasData = usePart('dataset', (state) => usableDataset(state) !== null);
  return (
    <div className={classes.tableScroll}>
      <table className={classes.table}>
        <caption className="visually-hidden">Loss and accuracy on held-out rows, without and with each prefix</caption>
        <thead>
          <tr>
            <th rowSpan={2}>Prefix</th>
            <th rowSpan={2} className={classes.number}>
              Length
            </th>
            <th rowSpan={2} className={classes.number}>
              Steps
            </th>
            <th colSpan={2} className={classes.number}>
              Validation loss
            </th>
            <th colSpan={2} className={classes.number}>
              Accuracy
            </th>
            <th rowSpan={2}>
              <span className="visually-hidden">Measure</span>
            </th>
          </tr>
          <tr>
            <Pair />
            <Pair />
          </tr>
        </thead>
        <tbody>
          {scoreRows(state).map(({ prefix, base, tuned, byHand }) => (
            <tr key={prefix.id}>
              <td>
                {prefixLabel(prefix)}
                {!byHand && <OtherData prefix={prefix} />}
              </td>
              <td className={classes.number}>{sayShape(prefix.shape)}</td>
              <td className={classes.number}>{prefix.steps > 0 ? formatCount(prefix.steps) : '–'}</td>
              <td className={`${classes.number} ${classes.base}`}>
                <Loss loss={base?.loss ?? null} />
              </td>
              <td className={`${classes.number} ${classes.tuned}`}>
                <Loss loss={tuned?.loss ?? null} />
              </td>
              <td className={`${classes.number} ${classes.base}`}>{formatAccuracy(base?.accuracy ?? null)}</td>
              <td className={`${classes.number} ${classes.tuned}`}>{formatAccuracy(tuned?.accuracy ?? null)}</td>
              <td className={classes.number}>
                <Button
                  size="compact-xs"
                  variant="default"
                  disabled={!hasData || state.measuringId !== null}
                  onClick={() => void prefixes.measure(prefix.id)}
                >
                  {state.measuringId === prefix.id ? 'Measuring' : 'Measure'}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Numbers of other data stay, and say so: they are not to be compared with those beside them. */
function OtherData({ prefix }: { readonly prefix: AdapterSummary }) {
  const runData = usePart('run', ({ runs }) => runs.find((run) => run.adapter?.id === prefix.id)?.datasetName ?? null);
  const present = usePart('dataset', ({ current }) => current?.summary ?? null);
  const words = measuredOn(prefix, runData, present);
  return words === null ? null : <p className={`${classes.quiet} ${classes.note}`}>{words}</p>;
}

function Pair() {
  return (
    <>
      <th className={`${classes.number} ${classes.base}`}>without</th>
      <th className={`${classes.number} ${classes.tuned}`}>with</th>
    </>
  );
}

/** The figure as shown, with its full precision behind it. */
function Loss({ loss }: { readonly loss: number | null }) {
  return loss === null ? '–' : <data value={loss}>{formatLoss(loss)}</data>;
}
