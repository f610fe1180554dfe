/**
 * How far something is that takes its time, and the button that ends it. It takes the place of what began it, and the
 * keyboard with it; when it goes, it hands the keyboard on to what stands around it, if it still has it.
 */
import { Button, Progress } from '@mantine/core';
import { type RefObject, useLayoutEffect, useRef } from 'react';
import classes from '../steps/steps.module.css';
import evaluationClasses from './evaluation.module.css';

interface UnderWayProps {
  /** On the button. */
  readonly stop: string;
  readonly stopping: boolean;
  readonly onStop: () => void;
  /** Accessible name of the bar. */
  readonly of: string;
  /** 0..1 */
  readonly share: number;
  readonly line: string;
  readonly around: RefObject<HTMLElement | null>;
}

export function UnderWay({ stop, stopping, onStop, of, share, line, around }: UnderWayProps) {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const own = button.current;
    const after = around.current;
    own?.focus({ preventScroll: true });
    return () => {
      if (own !== null && document.activeElement === own) after?.focus({ preventScroll: true });
    };
  }, [around]);
  return (
    <div className={evaluationClasses.start}>
      {/* Not `disabled` while it stops: that would lose the keyboard. */}
      <Button
        ref={button}
        variant="default"
        aria-disabled={stopping || undefined}
        data-disabled={stopping || undefined}
        onClick={() => stopping || onStop()}
      >
        {stopping ? 'Stopping' : stop}
      </Button>
      <div className={evaluationClasses.progress}>
        <Progress aria-label={of} value={100 * share} size="sm" />
        <p className={classes.quiet} role="status">
          {line}
        </p>
      </div>
    </div>
  );
}
