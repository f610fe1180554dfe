/** One number of a run: its name with the field's term behind it, kept as typed. */
import { NumberInput } from '@mantine/core';
import type { NumberField } from '../../state';
import { mayBeAuto, RULES } from '../../state';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';

export interface Field {
  readonly field: NumberField;
  readonly label: string;
  readonly means: string;
  readonly step: number;
}

export function SettingField({ field, label, means, step }: Field) {
  const { settings } = useSession();
  const value = usePart('settings', (state) => state[field]);
  const rule = RULES.find((candidate) => candidate.field === field);
  const empty = mayBeAuto(field) ? 'auto' : Number.NaN;
  return (
    <NumberInput
      size="xs"
      label={<Term means={means}>{label}</Term>}
      aria-label={label}
      value={typeof value === 'number' && Number.isFinite(value) ? value : ''}
      {...(mayBeAuto(field) && { placeholder: 'auto' })}
      step={step}
      {...(rule && { min: rule.min, max: rule.max, allowDecimal: !rule.whole })}
      clampBehavior="none"
      onChange={(typed) => settings.set({ [field]: typed === '' ? empty : Number(typed) })}
    />
  );
}
