/** How long an answer may get, wherever answers are written for many rows. */
import { NumberInput, type NumberInputProps } from '@mantine/core';
import { Term } from '../parts/Term';

interface AnswerLengthProps extends Pick<NumberInputProps, 'size' | 'disabled'> {
  /** Accessible name; the page has more than one such field. */
  readonly name: string;
  /** Tokens. */
  readonly value: number;
  readonly onChange: (maxTokens: number) => void;
}

export function AnswerLength({ name, onChange, ...input }: AnswerLengthProps) {
  return (
    <NumberInput
      {...input}
      w="8rem"
      label={<Term means="Tokens that are written per row; an answer ends here at the latest.">Answer length</Term>}
      aria-label={name}
      min={1}
      max={2048}
      step={8}
      allowDecimal={false}
      onChange={(value) => typeof value === 'number' && onChange(value)}
    />
  );
}
