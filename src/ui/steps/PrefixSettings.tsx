/** The settings of a run: the three that matter in sight, the rest one click away. */
import { Button, Select, Slider, Textarea } from '@mantine/core';
import type { SettingsIssue, SettingsState } from '../../state';
import { MAX_LENGTH } from '../../state';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import { ContextBar } from './ContextBar';
import { MoreSettings } from './MoreSettings';
import classes from './steps.module.css';
import tuneClasses from './tune.module.css';

const STARTS = [
  { value: 'text', label: 'a text' },
  { value: 'vocabulary', label: 'words of the vocabulary' },
  { value: 'random', label: 'random numbers' },
  { value: 'zero', label: 'zeros' },
] as const satisfies readonly { value: SettingsState['initType']; label: string }[];

export function PrefixSettings() {
  const { settings } = useSession();
  const initType = usePart('settings', (state) => state.initType);
  const initText = usePart('settings', (state) => state.initText);
  return (
    <>
      <p className={classes.quiet}>
        Method{' '}
        <Term means="Prefix-tuning (Li & Liang 2021): for each layer, trained keys and values stand in front of those of the text. PEFT: PREFIX_TUNING.">
          Prefix
        </Term>
      </p>
      <div className={classes.halves}>
        <div className={classes.stack}>
          <LengthSlider />
          <ContextBar />
        </div>
        <div className={classes.stack}>
          <Select
            label={
              <Term means="Initialisation. The keys and values of a real text are the best start by far; PEFT's own comparison found the same.">
                Start from
              </Term>
            }
            aria-label="Start from"
            data={STARTS.map((start) => ({ ...start }))}
            value={initType}
            allowDeselect={false}
            onChange={(value) => {
              const start = STARTS.find((candidate) => candidate.value === value);
              if (start) settings.set({ initType: start.value });
            }}
          />
          {initType === 'text' && (
            <Textarea
              aria-label="Text to start from"
              value={initText}
              onChange={(event) => settings.set({ initText: event.currentTarget.value })}
              autosize
              minRows={2}
              maxRows={6}
            />
          )}
        </div>
      </div>
      <MoreSettings />
    </>
  );
}

function LengthSlider() {
  const { settings } = useSession();
  const length = usePart('settings', (state) => state.length);
  return (
    <div>
      <div className={tuneClasses.sliderHead}>
        <Term means="Virtual tokens P: how many slots in front of the text are trained. PEFT: num_virtual_tokens.">
          Length
        </Term>
        <output>{length}</output>
      </div>
      <Slider
        thumbLabel="Length"
        label={null}
        min={1}
        max={MAX_LENGTH}
        value={length}
        onChange={(value) => settings.set({ length: value })}
        marks={[1, 16, 32, 48, 64].map((value) => ({ value, label: String(value) }))}
        mb="1.25rem"
      />
    </div>
  );
}

interface IssuesProps {
  readonly issues: readonly SettingsIssue[];
  readonly onFix: (change: Partial<SettingsState>) => void;
}

export function Issues({ issues, onFix }: IssuesProps) {
  return issues.map(({ field, message, fix }) => (
    <div key={`${field} ${message}`} className={classes.row} role="status">
      <p className={classes.warning}>{message}</p>
      {fix !== null && (
        <Button size="compact-xs" variant="default" onClick={() => onFix(fix.change)}>
          {fix.label}
        </Button>
      )}
    </div>
  ));
}
