/** What is wrong with the settings, each with the button that mends it. */
import { Button } from '@mantine/core';
import type { SettingsIssue, SettingsState } from '../../state';
import classes from './steps.module.css';

interface IssuesProps {
  readonly issues: readonly SettingsIssue[];
  readonly onFix: (change: Partial<SettingsState>) => void;
}

export function Issues({ issues, onFix }: IssuesProps) {
  return issues.map(({ field, message, fix }) => (
    <div key={`${field} ${message}`} className={classes.row} role="status">
      <p className={classes.warning}>{message}</p>
      {fix !== null && (
        <Button size="compact-xs" variant="default" onClick={() => onFix(fix.change)}>
          {fix.label}
        </Button>
      )}
    </div>
  ));
}
