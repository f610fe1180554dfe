/** One text of Compare: what writes it (to be switched at any time), the text, and its figures. */
import { CloseButton, Select } from '@mantine/core';
import { adapterLabel, type Column, type Output, type Subject } from '../../state';
import { formatPlural, formatRate, sayShape } from '../format';
import { Problem } from '../parts/Problem';
import { usePart, useSession } from '../session';
import { adapterOptions } from './adapterOptions';
import classes from './compare.module.css';
import stepClasses from './steps.module.css';

interface OutputColumnProps {
  readonly column: Column;
  readonly removable: boolean;
}

export function OutputColumn({ column, removable }: OutputColumnProps) {
  const { compare } = useSession();
  const list = usePart('adapters', (state) => state.list);
  const { id, subject, output } = column;
  const { status, text, result } = output;
  const adapter = list.find((candidate) => subject.type === 'adapter' && candidate.id === subject.id);
  const name = subject.type === 'model' ? ALONE : adapter ? `With ${adapterLabel(adapter)}` : 'With an adapter';
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields, this is one text of several
    <div role="group" aria-label={name} className={classes.pane} data-tone={column.tone}>
      <div className={classes.paneHead}>
        <SubjectSelect column={column} />
        {removable && (
          <CloseButton size="sm" aria-label="Remove this column" onClick={() => compare.removeColumn(id)} />
        )}
      </div>
      <p className={classes.kind}>{adapter ? sayShape(adapter.shape) : subject.type === 'model' ? 'as it is' : ''}</p>
      <output className={classes.text} data-status={status}>
        {text || <span className={stepClasses.quiet}>{placeholder(status, subject)}</span>}
      </output>
      <Problem problem={output.problem} />
      {result !== null && (
        <p className={stepClasses.quiet}>
          {formatPlural(result.tokens, 'token')} · {formatRate(result.tokensPerSecond)} ·{' '}
          {{ end: 'ended by itself', length: 'cut at max tokens', stopped: 'ended by you' }[result.reason]}
        </p>
      )}
    </div>
  );
}

const ALONE = 'The model alone';
const MODEL = 'model';

function SubjectSelect({ column }: { readonly column: Column }) {
  const { compare } = useSession();
  const list = usePart('adapters', (state) => state.list);
  const { id, subject } = column;
  const choose = (value: string | null) => {
    if (value !== null) compare.choose(id, value === MODEL ? { type: 'model' } : { type: 'adapter', id: value });
  };
  return (
    <Select
      className={classes.subject}
      classNames={{ input: classes.subjectInput ?? '' }}
      size="xs"
      aria-label="Written by"
      placeholder="an adapter"
      data={[{ value: MODEL, label: ALONE }, ...adapterOptions(list)]}
      value={subject.type === 'adapter' ? subject.id : subject.type === 'model' ? MODEL : null}
      allowDeselect={false}
      onChange={choose}
    />
  );
}

function placeholder(status: Output['status'], { type }: Subject): string {
  if (type === 'none') return 'Tune an adapter, or import one, to see the difference.';
  switch (status) {
    case 'empty':
      return 'Generate writes here.';
    case 'waiting':
      return 'Waits for its turn';
    case 'writing':
    case 'failed':
      return '';
    case 'done':
      return 'Nothing: the text ends at once.';
  }
}
