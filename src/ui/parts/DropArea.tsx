/**
 * A place to drop files on, which is also a file picker. The file input itself lies over the whole area and carries the
 * name, so that keyboard, pointer and screen reader meet the same control.
 */
import { Dropzone } from '@mantine/dropzone';
import type { ReactNode } from 'react';
import classes from './parts.module.css';

interface DropAreaProps {
  /** Accessible name. */
  readonly label: string;
  readonly children: ReactNode;
  readonly onFiles: (files: readonly File[]) => void;
  readonly compact?: boolean;
  readonly disabled?: boolean;
}

export function DropArea({ label, children, onFiles, compact, disabled }: DropAreaProps) {
  return (
    <Dropzone
      className={classes.drop}
      data-compact={compact || undefined}
      tabIndex={-1}
      disabled={disabled ?? false}
      onDrop={onFiles}
      inputProps={{
        'aria-label': label,
        className: classes.dropInput,
        style: {},
        tabIndex: 0,
        // The same file may be chosen twice, e.g. after it was mended.
        onClick: (event) => {
          event.currentTarget.value = '';
        },
      }}
    >
      {children}
    </Dropzone>
  );
}
