/** Two adapters of one kind as one: the virtual tokens of the first in front of those of the second. An experiment. */
import { Button, Select } from '@mantine/core';
import { useState } from 'react';
import { adapterLabel, composable } from '../../state';
import type { AdapterSummary } from '../../worker';
import { usePart, useSession } from '../session';
import libraryClasses from './library.module.css';
import classes from './steps.module.css';

const toOption = (adapter: AdapterSummary) => ({ value: adapter.id, label: adapterLabel(adapter) });

export function Compose({ adapters }: { readonly adapters: readonly AdapterSummary[] }) {
  const { composeAdapters } = useSession();
  const composing = usePart('adapters', (state) => state.composing);
  const [firstId, setFirstId] = useState<string | null>(null);
  const [secondId, setSecondId] = useState<string | null>(null);
  const firsts = adapters.filter(({ shape }) => composable(adapters, shape.method).length > 1);
  if (firsts.length === 0) return null;
  const first = firsts.find(({ id }) => id === firstId);
  const seconds = first ? composable(firsts, first.shape.method).filter(({ id }) => id !== first.id) : [];
  const second = seconds.find(({ id }) => id === secondId);
  return (
    <details>
      <summary>Put one behind the other (experiment)</summary>
      <div className={`${classes.stack} ${classes.detailsBody}`}>
        <p className={classes.quiet}>
          The model then reads the virtual tokens of both, prefix behind prefix or prompt behind prompt. Nobody trained
          them together: it may do both things, or neither.
        </p>
        <div className={libraryClasses.compose}>
          <Select
            size="xs"
            label="In front"
            placeholder="choose one"
            data={firsts.map(toOption)}
            value={first?.id ?? null}
            onChange={setFirstId}
          />
          <Select
            size="xs"
            label="Behind it"
            placeholder={first ? 'choose another of its kind' : 'first the one in front'}
            disabled={!first}
            data={seconds.map(toOption)}
            value={second?.id ?? null}
            onChange={setSecondId}
          />
          <Button
            size="xs"
            variant="default"
            disabled={!first || !second || composing}
            onClick={() => first && second && void composeAdapters(first.id, second.id)}
          >
            Make one of them
          </Button>
        </div>
      </div>
    </details>
  );
}
