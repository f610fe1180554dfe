/** How text is drawn, the same for every column, and the buttons that begin and end it. */
import { Button, NumberInput } from '@mantine/core';
import { isWriting, MAX_COLUMNS } from '../../state';
import type { SamplingSettings } from '../../worker';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import classes from './steps.module.css';

interface SamplingField {
  readonly field: keyof SamplingSettings;
  readonly label: string;
  readonly means: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

const SAMPLING: readonly SamplingField[] = [
  {
    field: 'temperature',
    label: 'Temperature',
    means: '0 always takes the likeliest token (greedy); higher is more varied.',
    min: 0,
    max: 2,
    step: 0.1,
  },
  {
    field: 'topP',
    label: 'Top-p',
    means: 'Nucleus sampling: only the likeliest tokens that together have this share.',
    min: 0.05,
    max: 1,
    step: 0.05,
  },
  { field: 'maxTokens', label: 'Max tokens', means: 'The text ends here at the latest.', min: 1, max: 2048, step: 8 },
  { field: 'seed', label: 'Seed', means: 'The same seed draws the same text.', min: 0, max: 2 ** 31 - 1, step: 1 },
];

export function Sampling() {
  const { compare } = useSession();
  const sampling = usePart('compare', (state) => state.sampling);
  const writing = usePart('compare', isWriting);
  const ready = usePart('model', ({ phase }) => phase.status === 'ready');
  const empty = usePart('compare', ({ prompt }) => prompt === '');
  const full = usePart('compare', ({ columns }) => columns.length >= MAX_COLUMNS);
  return (
    <div className={classes.rowEnd}>
      {SAMPLING.map(({ field, label, means, ...range }) => (
        <NumberInput
          key={field}
          size="xs"
          w="6.5rem"
          label={<Term means={means}>{label}</Term>}
          aria-label={label}
          {...range}
          allowDecimal={range.step < 1}
          value={sampling[field]}
          onChange={(value) => typeof value === 'number' && compare.setSampling({ [field]: value })}
        />
      ))}
      {writing ? (
        <Button variant="default" onClick={compare.stop}>
          End here
        </Button>
      ) : (
        <Button disabled={!ready || empty} onClick={() => void compare.run()}>
          Generate
        </Button>
      )}
      <Button variant="default" disabled={full} onClick={compare.addColumn}>
        Add a column
      </Button>
    </div>
  );
}
