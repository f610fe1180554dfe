/** A whole number that the dataset is read anew for; what is out of bounds is said and not sent. */
import { NumberInput } from '@mantine/core';
import { formatCount } from '../format';
import { Term } from '../parts/Term';
import { useDraft } from './useDraft';

interface CountFieldProps {
  readonly label: string;
  readonly means: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly suffix?: string;
  readonly disabled?: boolean;
  readonly onSend: (value: number) => void;
}

export function CountField({ label, means, value, min, max, step, suffix, disabled, onSend }: CountFieldProps) {
  const isWithin = (typed: number | string): typed is number =>
    typeof typed === 'number' && typed >= min && typed <= max;
  const { draft, type, focusProps } = useDraft<number | string>(value, (typed) => {
    if (isWithin(typed) && typed !== value) onSend(typed);
  });
  return (
    <NumberInput
      size="xs"
      w="9rem"
      label={<Term means={means}>{label}</Term>}
      aria-label={label}
      value={draft}
      onChange={type}
      {...focusProps}
      min={min}
      max={max}
      {...(step !== undefined && { step })}
      {...(suffix !== undefined && { suffix })}
      disabled={disabled ?? false}
      allowDecimal={false}
      clampBehavior="none"
      thousandSeparator=","
      error={isWithin(draft) ? null : `${formatCount(min)} to ${formatCount(max)}`}
    />
  );
}
