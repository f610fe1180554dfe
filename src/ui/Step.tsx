/** The frame of one step, or of the place after them: a landmark with its name and one line on what it holds. */
import type { ReactNode } from 'react';
import type { StepName } from './keys';
import { STEPS } from './keys';
import classes from './shell.module.css';

interface StepProps {
  readonly name: StepName | 'Runs';
  /** What the step holds, or what it is for. */
  readonly line: ReactNode;
  readonly children: ReactNode;
}

export function Step({ name, line, children }: StepProps) {
  const at = name === 'Runs' ? null : STEPS.indexOf(name);
  return (
    <section id={name.toLowerCase()} aria-label={name} className={classes.step}>
      <header className={classes.stepHead}>
        <h2 className={classes.stepTitle} tabIndex={-1}>
          {at !== null && <span className={classes.stepNumber}>{at + 1}</span>}
          {name}
        </h2>
        <span className={classes.stepLine}>{line}</span>
      </header>
      {children}
    </section>
  );
}
