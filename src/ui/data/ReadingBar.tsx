/** How far the dataset is read, and the way back to the one before. */
import { Button, Progress } from '@mantine/core';
import { doneShare, type ReadingProgress } from '../../state';
import { formatBytes, formatCount, formatPlural } from '../format';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';
import dataClasses from './data.module.css';

export function ReadingBar() {
  const { dataset } = useSession();
  const { pending, progress, modelReady, current, fits } = usePart('dataset', (all) => all);
  if (pending === null) return null;
  const { name, key } = pending.source;
  if (!modelReady) {
    return (
      <p className={classes.quiet} role="status">
        {name} is here; it is read as soon as the model with its tokenizer is.
      </p>
    );
  }
  const isAnother = current?.input.source.key !== key;
  // A change of the form below: a line here would move the form from under the hands. The step's own line says it.
  if (!isAnother && fits && progress?.stage.type !== 'reading') return null;
  const replaced = isAnother && current !== null ? current.summary.name : null;
  return (
    <div className={dataClasses.section}>
      <div className={classes.row}>
        <p className={classes.quiet} role="status">
          Reading {name}
        </p>
        {progress !== null && <span className={classes.quiet}>{sayStage(progress)}</span>}
        {progress !== null && replaced !== null && (
          <Button size="compact-xs" variant="default" onClick={dataset.cancel}>
            Stop, and keep {replaced}
          </Button>
        )}
      </div>
      {progress !== null && (
        <Progress
          size="xs"
          value={100 * progress.share}
          transitionDuration={0}
          aria-label={`Reading ${name}`}
          aria-valuetext={sayStage(progress)}
        />
      )}
    </div>
  );
}

export function sayStage({ stage }: ReadingProgress): string {
  const percent = `${Math.floor(100 * doneShare(stage))} %`;
  switch (stage.type) {
    case 'reading':
      return `${percent} · ${formatBytes(stage.bytes)} of ${formatBytes(stage.totalBytes)} · ${formatPlural(stage.rows, 'row')}`;
    case 'tokenising':
      return `cutting into tokens: ${formatCount(stage.rows)} of ${formatPlural(stage.totalRows, 'row')}`;
  }
}
