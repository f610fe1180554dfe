/** A plain word with the field's term and its source in a tooltip, reachable by keyboard and touch. */
import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './parts.module.css';

export function Term({ children, means }: { readonly children: ReactNode; readonly means: ReactNode }) {
  return (
    <Tooltip label={means}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the tooltip must be reachable by keyboard */}
      <span className={classes.term} tabIndex={0}>
        {children}
      </span>
    </Tooltip>
  );
}
