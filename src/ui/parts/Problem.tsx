/** An error where it arose: what happened, where, what to do, and the next step as a button. */
import { Button } from '@mantine/core';
import type { SerialisedError } from '../../worker';
import { sayWhere } from '../format';
import classes from './parts.module.css';

interface ProblemProps {
  readonly problem: SerialisedError | null;
  readonly action?: { readonly label: string; readonly run: () => void } | null;
  readonly onDismiss?: () => void;
}

export function Problem({ problem, action, onDismiss }: ProblemProps) {
  if (problem === null) return null;
  const where = sayWhere(problem.where);
  return (
    <div className={classes.problem} role="alert">
      <p className={classes.problemMessage}>{problem.message}</p>
      {where !== null && <p className={classes.problemWhere}>{where}</p>}
      {problem.hint !== null && <p>{problem.hint}</p>}
      {(action || onDismiss) && (
        <p className={classes.problemActions}>
          {action && (
            <Button size="xs" variant="default" onClick={action.run}>
              {action.label}
            </Button>
          )}
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
