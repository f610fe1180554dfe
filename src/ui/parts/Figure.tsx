/** A number with its name. `null` is not known yet and holds its place. */
import { Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './parts.module.css';

interface FigureProps {
  readonly name: ReactNode;
  readonly value: ReactNode | null;
  /** Whether a value is on its way (a skeleton) or there is none (a dash). */
  readonly pending?: boolean;
}

export function Figure({ name, value, pending = false }: FigureProps) {
  return (
    <div className={classes.figure}>
      <dt>{name}</dt>
      <dd>{value ?? (pending ? <Skeleton height="1em" width="4em" mt={4} /> : '–')}</dd>
    </div>
  );
}

export function Figures({ children, label }: { readonly children: ReactNode; readonly label?: string }) {
  return (
    <dl className={classes.figures} aria-label={label}>
      {children}
    </dl>
  );
}
