/** An error where it arose: what happened, where, what to do, and the next steps as buttons. */
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import type { SerialisedError } from '../../worker';
import { sayWhere } from '../format';
import classes from './parts.module.css';

export interface Action {
  readonly label: string;
  readonly run: () => void;
}

interface ProblemProps {
  readonly problem: SerialisedError | null;
  /** Likeliest first. */
  readonly actions?: readonly Action[];
  readonly onDismiss?: () => void;
  /** What else belongs here, e.g. the field that mends it. */
  readonly children?: ReactNode;
}

export function Problem({ problem, actions = [], onDismiss, children }: ProblemProps) {
  if (problem === null) return null;
  const where = sayWhere(problem.where);
  return (
    <div className={classes.problem} role="alert">
      <p className={classes.problemMessage}>{problem.message}</p>
      {where !== null && <p className={classes.problemWhere}>{where}</p>}
      {problem.hint !== null && <p>{problem.hint}</p>}
      {children}
      {(actions.length > 0 || onDismiss) && (
        <p className={classes.problemActions}>
          {actions.map(({ label, run }) => (
            <Button key={label} size="xs" variant="default" onClick={run}>
              {label}
            </Button>
          ))}
          {onDismiss && (
            <Button size="xs" variant="subtle" color="gray" onClick={onDismiss}>
              Dismiss
            </Button>
          )}
        </p>
      )}
    </div>
  );
}
