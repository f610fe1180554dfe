/** Step 4: the model alone and the model with one adapter or another, side by side: for one prompt, and for many rows. */
import { Button, SegmentedControl, Textarea } from '@mantine/core';
import { expectedAnswer, summaryOf } from '../../state';
import { Evaluation } from '../evaluation/Evaluation';
import { Step } from '../Step';
import { usePart, useSession } from '../session';
import compareClasses from './compare.module.css';
import { OutputColumn } from './OutputColumn';
import { Sampling } from './Sampling';
import classes from './steps.module.css';

export function CompareStep() {
  return (
    <Step name="Compare" line="The same prompt, the same seed; the only difference is the adapter.">
      <div className={classes.stack}>
        <Prompt />
        <Sampling />
        <Columns />
        <Evaluation />
      </div>
    </Step>
  );
}

function Columns() {
  const columns = usePart('compare', (state) => state.columns);
  return (
    <div className={compareClasses.columns}>
      {columns.map((column) => (
        <OutputColumn key={column.id} column={column} removable={columns.length > 1} />
      ))}
    </div>
  );
}

function Prompt() {
  const { compare } = useSession();
  const prompt = usePart('compare', (state) => state.prompt);
  const format = usePart('compare', (state) => state.format);
  const examples = usePart('compare', (state) => state.examples);
  const expected = usePart('compare', expectedAnswer);
  const line = usePart('compare', (state) =>
    state.exampleIndex === null ? null : state.examples[state.exampleIndex]?.line,
  );
  const hasChat = usePart('model', (state) => summaryOf(state)?.hasChatTemplate ?? false);
  return (
    <>
      <Textarea
        label="Prompt"
        value={prompt}
        onChange={(event) => compare.setPrompt(event.currentTarget.value)}
        autosize
        minRows={3}
        maxRows={12}
        placeholder="Choose a dataset, and one of its held-out rows stands here; or write a prompt."
        classNames={{ input: classes.mono ?? '' }}
      />
      <div className={classes.row}>
        {examples.length > 0 && (
          <Button size="compact-sm" variant="default" onClick={compare.nextExample}>
            Another example
          </Button>
        )}
        {expected !== null && (
          <p className={classes.quiet}>
            Line {line} of the data; there it goes on with <b className={classes.mono}>{expected.trim()}</b>
          </p>
        )}
        {hasChat && (
          <SegmentedControl
            size="xs"
            aria-label="Prompt format"
            data={[
              { value: 'text', label: 'as it stands' },
              { value: 'chat', label: 'as a chat message' },
            ]}
            value={format}
            onChange={compare.setFormat}
          />
        )}
      </div>
    </>
  );
}
