/** One bar from the first byte to the ready model, what it waits for in words, and Cancel. */
import { Button, Progress } from '@mantine/core';
import type { LoadProgress } from '../../worker';
import { loadingNote, loadingText } from './loadingText';
import classes from './model.module.css';

interface LoadingBarProps {
  readonly progress: LoadProgress | null;
  /** 0..1. */
  readonly share: number;
  readonly onCancel: () => void;
}

export function LoadingBar({ progress, share, onCancel }: LoadingBarProps) {
  const note = loadingNote(progress);
  return (
    <div className={classes.loading}>
      <div>
        <Progress value={100 * share} size="sm" aria-label="Loading the model" transitionDuration={120} />
        <p className={classes.loadingText}>
          {loadingText(progress)}
          {note !== null && <span className={classes.loadingNote}> · {note}</span>}
        </p>
      </div>
      <Button size="compact-sm" variant="default" aria-label="Cancel loading" onClick={onCancel}>
        Cancel
      </Button>
    </div>
  );
}
