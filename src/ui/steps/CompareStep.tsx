/** Step 4: one prompt, the model alone and the model with a prefix, side by side. */
import { Button, NumberInput, SegmentedControl, Select, Textarea } from '@mantine/core';
import type { Output, Side } from '../../state';
import { expectedAnswer, isWriting, prefixLabel, summaryOf } from '../../state';
import type { SamplingSettings } from '../../worker';
import { formatPlural, formatRate } from '../format';
import { Problem } from '../parts/Problem';
import { Term } from '../parts/Term';
import { Step } from '../Step';
import { usePart, useSession } from '../session';
import compareClasses from './compare.module.css';
import classes from './steps.module.css';

export function CompareStep() {
  return (
    <Step name="Compare" line="The same prompt, the same seed; the only difference is the prefix.">
      <div className={classes.stack}>
        <Prompt />
        <Sampling />
        <div className={classes.halves}>
          <OutputPane side="base" />
          <OutputPane side="tuned" />
        </div>
      </div>
    </Step>
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

function Sampling() {
  const { compare } = useSession();
  const sampling = usePart('compare', (state) => state.sampling);
  const writing = usePart('compare', isWriting);
  const ready = usePart('model', ({ phase }) => phase.status === 'ready');
  const empty = usePart('compare', ({ prompt }) => prompt === '');
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
    </div>
  );
}

function OutputPane({ side }: { readonly side: Side }) {
  const output = usePart('compare', (state) => state[side]);
  const adapterId = usePart('compare', (state) => state.adapterId);
  const name = side === 'base' ? 'Without prefix' : 'With prefix';
  const { status, text, result } = output;
  const missing = side === 'tuned' && adapterId === null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields, this is a pair of texts
    <div role="group" aria-label={name} className={compareClasses.pane} data-side={side}>
      <div className={compareClasses.paneHead}>
        <h3 className={compareClasses.paneTitle}>{name}</h3>
        {side === 'tuned' && <PrefixSelect />}
      </div>
      <output className={compareClasses.text} data-status={status}>
        {text || <span className={classes.quiet}>{placeholder(status, missing)}</span>}
      </output>
      <Problem problem={output.problem} />
      {result !== null && (
        <p className={classes.quiet}>
          {formatPlural(result.tokens, 'token')} · {formatRate(result.tokensPerSecond)} ·{' '}
          {{ end: 'ended by itself', length: 'cut at max tokens', stopped: 'ended by you' }[result.reason]}
        </p>
      )}
    </div>
  );
}

function placeholder(status: Output['status'], missing: boolean): string {
  if (missing) return 'Tune a prefix, or import one, to see the difference.';
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

function PrefixSelect() {
  const { compare } = useSession();
  const list = usePart('prefixes', (state) => state.list);
  const adapterId = usePart('compare', (state) => state.adapterId);
  if (list.length === 0) return null;
  return (
    <Select
      size="xs"
      aria-label="Prefix"
      data={list.map((prefix) => ({ value: prefix.id, label: prefixLabel(prefix) }))}
      value={adapterId}
      allowDeselect={false}
      onChange={compare.selectPrefix}
    />
  );
}
