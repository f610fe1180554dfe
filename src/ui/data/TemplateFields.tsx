/** The text around the cells: plain lines, the model's chat template, or the person's own. */
import { Button, SegmentedControl, Textarea } from '@mantine/core';
import { useRef } from 'react';
import { summaryOf, unknownColumns, withColumn } from '../../state';
import type { ColumnMapping, TemplateKind } from '../../worker';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';
import dataClasses from './data.module.css';
import { useDraft } from './useDraft';

interface TemplateFieldsProps {
  readonly mapping: ColumnMapping;
  readonly columns: readonly string[];
}

export function TemplateFields({ mapping, columns }: TemplateFieldsProps) {
  const { dataset } = useSession();
  const model = usePart('model', summaryOf);
  const hasChat = model?.hasChatTemplate === true;
  return (
    <div className={dataClasses.section}>
      <h3 className={classes.heading}>
        <Term means="The prompt template: the exact text that each row becomes. The model must be asked in the same words later, so it is kept with what is learned.">
          The text around the cells
        </Term>
      </h3>
      <SegmentedControl<TemplateKind>
        size="xs"
        aria-label="Kind of template"
        className={dataClasses.kinds ?? ''}
        data={[
          { value: 'plain', label: 'Plain lines' },
          { value: 'chat', label: 'Chat template', disabled: !hasChat },
          { value: 'own', label: 'Your own' },
        ]}
        value={mapping.kind}
        onChange={(kind) => dataset.remap({ kind })}
      />
      {model !== null && !hasChat && (
        <p className={classes.quiet}>{model.name} has no chat template: it was not made for conversations.</p>
      )}
      <TemplateField mapping={mapping} columns={columns} />
    </div>
  );
}

/** More buttons than these are a list to search in; braces can be typed. */
const OFFERED_COLUMNS = 12;

function TemplateField({ mapping, columns }: TemplateFieldsProps) {
  const { dataset } = useSession();
  /** null until the person puts one. The focus stays on the buttons: several columns may follow each other. */
  const caret = useRef<number | null>(null);
  const { draft, type, focusProps } = useDraft(mapping.template, (template) => dataset.remap({ template }));
  const unknown = unknownColumns(draft, columns);
  const insert = (column: string) => {
    type(withColumn(draft, column, mapping.target, caret.current));
    if (caret.current !== null) caret.current += column.length + 2;
  };
  return (
    <>
      <Textarea
        label="Template"
        description={
          mapping.kind === 'chat'
            ? 'What the user says, up to the target; the chat template puts its marks around it. {column} stands for a cell.'
            : '{column} stands for a cell. The loss is taken on the target only.'
        }
        value={draft}
        error={unknown.length > 0 ? `There is no column ${unknown.join(', ')}.` : null}
        onChange={(event) => type(event.currentTarget.value)}
        onSelect={(event) => {
          caret.current = event.currentTarget.selectionStart;
        }}
        {...focusProps}
        autosize
        minRows={2}
        maxRows={10}
        spellCheck={false}
        classNames={{ input: classes.mono ?? '' }}
      />
      <div className={dataClasses.inserts}>
        <span className={classes.quiet}>Insert</span>
        {columns.slice(0, OFFERED_COLUMNS).map((column) => (
          <Button
            key={column}
            size="compact-xs"
            variant="default"
            aria-label={`Insert column ${column}`}
            onClick={() => insert(column)}
          >
            {`{${column}}`}
          </Button>
        ))}
      </div>
    </>
  );
}
