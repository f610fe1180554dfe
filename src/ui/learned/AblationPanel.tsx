/** Loss without one layer's part after the other, against the whole: bars that come one by one, and can be ended. */
import { Button } from '@mantine/core';
import { type AblationProgress, lossWithout, summaryOf, usableDataset } from '../../state';
import type { FigureWords } from '../../worker';
import { formatAccuracy, formatCount } from '../format';
import { usePart, useSession } from '../session';
import stepClasses from '../steps/steps.module.css';
import { BarTable } from './BarTable';
import { FigureFrame } from './FigureFrame';
import classes from './learned.module.css';
import { formatChange, sayAblation } from './words';

export function AblationPanel({ words }: { readonly words: FigureWords }) {
  const { learned } = useSession();
  const figure = usePart('learned', ({ ablation }) => ablation);
  const progress = usePart('learned', (state) => state.progress);
  const hasData = usePart('dataset', (state) => usableDataset(state) !== null);
  const of = usePart('model', (state) => summaryOf(state)?.layers ?? 0);
  const ask = () => void learned.askAblation();
  return (
    <FigureFrame
      words={words}
      figure={figure}
      onAsk={ask}
      obstacle={hasData ? null : 'It is measured on held-out rows: choose a dataset first.'}
      height={9.5 + 1.6 * of}
      working={
        <div className={stepClasses.stack}>
          <Layers progress={progress} of={of} pending />
          <div className={stepClasses.row}>
            <Button size="xs" variant="default" onClick={learned.stopAblation}>
              Stop
            </Button>
            <p className={classes.summary} role="status">
              {progress
                ? `${formatCount(progress.layers.length)} of ${formatCount(progress.of)} layers`
                : 'Measuring what the layers are compared to'}
            </p>
          </div>
        </div>
      }
    >
      {(value) => (
        <div className={stepClasses.stack}>
          <Layers progress={{ ...value, of }} of={of} pending={false} />
          {value.stopped && (
            <div className={stepClasses.row}>
              <Button size="xs" variant="default" onClick={ask}>
                Measure all layers
              </Button>
              <p className={classes.summary}>
                Stopped after {formatCount(value.layers.length)} of {formatCount(of)} layers.
              </p>
            </div>
          )}
          <p className={classes.summary}>{sayAblation(value)}</p>
        </div>
      )}
    </FigureFrame>
  );
}

interface LayersProps {
  readonly progress: AblationProgress | null;
  readonly of: number;
  readonly pending: boolean;
}

function Layers({ progress, of, pending }: LayersProps) {
  const changes = progress ? lossWithout(progress) : [];
  const hasAccuracy = progress !== null && progress.whole.accuracy !== null;
  const rows = Array.from({ length: progress?.of ?? of }, (_, layer) => {
    const change = changes[layer];
    const label = `Layer ${layer + 1}`;
    if (change === undefined) return { label, bars: null };
    const tone = change < 0 ? ('base' as const) : ('tuned' as const);
    const note = formatAccuracy(progress?.layers[layer]?.accuracy ?? null);
    return { label, bars: [{ value: change, tone, text: formatChange(change) }], note };
  });
  return (
    <BarTable
      caption="Loss without each layer’s part, against the whole adapter"
      heads={{ row: 'Without', value: 'change of loss, nats', ...(hasAccuracy && { note: 'right' }) }}
      rows={rows}
      pending={pending}
    />
  );
}
