/** The order of the rows where their table has no head to press: on a phone each row is a card. */
import { Select } from '@mantine/core';
import { type NamedSubject, type RowColumn, type RowOrder, subjectKey } from '../../state';
import evaluationClasses from './evaluation.module.css';

interface RowOrderSelectProps {
  readonly subjects: readonly NamedSubject[];
  readonly hasChange: boolean;
  readonly order: RowOrder;
  readonly onOrder: (order: RowOrder) => void;
}

export function RowOrderSelect({ subjects, hasChange, order, onOrder }: RowOrderSelectProps) {
  const choices: readonly { readonly column: RowColumn; readonly value: string; readonly label: string }[] = [
    { column: 'line', value: 'line', label: 'line' },
    ...subjects.map(({ subject, name }, index) => ({
      column: index,
      value: subjectKey(subject),
      label: `loss, greatest first: ${name}`,
    })),
    ...(hasChange ? [{ column: 'change', value: 'change', label: 'change in loss' } as const] : []),
  ];
  return (
    <Select
      className={evaluationClasses.order}
      size="xs"
      label="Sorted by"
      data={choices.map(({ value, label }) => ({ value, label }))}
      value={choices.find(({ column }) => column === order.column)?.value ?? null}
      allowDeselect={false}
      onChange={(value) => {
        const chosen = choices.find((choice) => choice.value === value);
        if (chosen) onOrder({ column: chosen.column, descending: typeof chosen.column === 'number' });
      }}
    />
  );
}
