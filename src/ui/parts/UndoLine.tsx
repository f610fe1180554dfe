/**
 * What is about to happen, and the button that calls it off. The keyboard's way: the button that was pressed is gone with
 * its row, so Undo takes the focus; it goes in its turn, and hands it on to what stands next if it still has it.
 */
import { Button } from '@mantine/core';
import { type RefObject, useLayoutEffect, useRef } from 'react';
import classes from './parts.module.css';

interface UndoLineProps {
  readonly text: string;
  readonly onUndo: () => void;
  readonly next: RefObject<HTMLElement | null>;
}

export function UndoLine({ text, onUndo, next }: UndoLineProps) {
  const undo = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const button = undo.current;
    const after = next.current;
    button?.focus();
    return () => {
      if (button !== null && document.activeElement === button) after?.focus();
    };
  }, [next]);
  return (
    <div className={classes.undo} role="status">
      <p>{text}</p>
      <Button ref={undo} size="compact-sm" variant="default" onClick={onUndo}>
        Undo
      </Button>
    </div>
  );
}
