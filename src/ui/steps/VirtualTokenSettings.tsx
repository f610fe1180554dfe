/** Prefix and prompt: how many virtual tokens, and what they start from. */
import { Select, Slider, Textarea } from '@mantine/core';
import { MAX_LENGTH } from '../../state';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import { ContextBar } from './ContextBar';
import { STARTS } from './methodWords';
import classes from './steps.module.css';
import tuneClasses from './tune.module.css';

export function VirtualTokenSettings() {
  const { settings } = useSession();
  const method = usePart('settings', (state) => state.method);
  const initType = usePart('settings', (state) => state.initType);
  const initText = usePart('settings', (state) => state.initText);
  return (
    <div className={classes.halves}>
      <div className={classes.stack}>
        <LengthSlider />
        <ContextBar />
      </div>
      <div className={classes.stack}>
        <Select
          label={
            <Term
              means={
                method === 'prompt'
                  ? 'Initialisation. The embeddings of a real text are a good start. PEFT: prompt_tuning_init.'
                  : "Initialisation. The keys and values of a real text are the best start by far; PEFT's own comparison found the same."
              }
            >
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
