/**
 * How the columns are read, as guessed, and a form to say otherwise. What is typed stays typed while the engine reads the
 * data again; the fields follow the engine's answer when the change came from elsewhere.
 */
import { MultiSelect, NumberInput, SegmentedControl, Select, Textarea } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { DEFAULT_HELD_OUT, unknownColumns } from '../../state';
import type { DatasetSummary } from '../../worker';
import { formatPlural } from '../format';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import classes from './steps.module.css';

export function MappingForm({ summary }: { readonly summary: DatasetSummary }) {
  const { dataset } = useSession();
  const { mapping, columns } = summary;
  return (
    <div className={classes.stack}>
      <h3 className={classes.heading}>How it is read</h3>
      <MultiSelect
        label="Goes in"
        description="Input columns"
        data={columns.filter((column) => column !== mapping.target)}
        value={[...mapping.inputs]}
        onChange={(inputs) => dataset.remap({ inputs })}
      />
      <Select
        label="Should come out"
        description="Target column"
        data={[...columns]}
        value={mapping.target}
        allowDeselect={false}
        onChange={(target) => target !== null && dataset.remap({ target })}
      />
      <TemplateField template={mapping.template} columns={columns} />
      <div className={classes.rowEnd}>
        <div>
          <p className={classes.quiet}>
            <Term means="With labels, accuracy is measured too: the label the model finds likeliest, against the right one.">
              The target is
            </Term>
          </p>
          <SegmentedControl
            size="xs"
            aria-label="Task"
            data={[
              { value: 'classification', label: 'one of some labels' },
              { value: 'generation', label: 'free text' },
            ]}
            value={mapping.task}
            onChange={(task) => dataset.remap({ task })}
          />
        </div>
        <HeldOut summary={summary} />
      </div>
    </div>
  );
}

function TemplateField({ template, columns }: { readonly template: string; readonly columns: readonly string[] }) {
  const { dataset } = useSession();
  const [draft, setDraft] = useState(template);
  useEffect(() => setDraft(template), [template]);
  const send = useDebouncedCallback((text: string) => dataset.remap({ template: text }), 300);
  const unknown = unknownColumns(draft, columns);
  return (
    <Textarea
      label="Template"
      description="The exact text; {column} stands for a cell. The loss is taken on the target only."
      value={draft}
      error={unknown.length > 0 ? `There is no column ${unknown.join(', ')}.` : null}
      onChange={(event) => {
        setDraft(event.currentTarget.value);
        send(event.currentTarget.value);
      }}
      autosize
      minRows={2}
      maxRows={10}
      spellCheck={false}
      classNames={{ input: classes.mono ?? '' }}
    />
  );
}

/** The share that is asked for; where other than that is held out, the figures beside it and the note say so. */
function HeldOut({ summary: { validationRows, usableRows } }: { readonly summary: DatasetSummary }) {
  const { dataset } = useSession();
  const percent = usePart('dataset', ({ current }) =>
    Math.round(100 * (current?.input.options.validationFraction ?? DEFAULT_HELD_OUT)),
  );
  const [draft, setDraft] = useState<number | string>(percent);
  useEffect(() => setDraft(percent), [percent]);
  const send = useDebouncedCallback((value: number) => dataset.setOptions({ validationFraction: value / 100 }), 300);
  return (
    <div>
      <NumberInput
        label={
          <Term means="Validation split: rows that are never learned from, to see whether more was learned than the rows by heart.">
            Held out
          </Term>
        }
        size="xs"
        w="6rem"
        suffix=" %"
        min={1}
        max={50}
        allowDecimal={false}
        value={draft}
        onChange={(value) => {
          setDraft(value);
          if (typeof value === 'number' && value >= 1 && value <= 50) send(value);
        }}
      />
      {validationRows < Math.floor((usableRows * percent) / 100) && (
        <p className={classes.quiet}>{formatPlural(validationRows, 'row')}: more would slow every validation down.</p>
      )}
    </div>
  );
}
