/** Every other number of a run, with the field's term and a plain word on what it does. */
import { Button } from '@mantine/core';
import { usePart, useSession } from '../session';
import { EncoderSettings } from './EncoderSettings';
import { type Field, SettingField } from './SettingField';
import classes from './steps.module.css';
import tuneClasses from './tune.module.css';

const FIELDS: readonly Field[] = [
  { field: 'steps', label: 'Steps', means: 'Optimiser steps; each learns from one batch.', step: 10 },
  {
    field: 'learningRate',
    label: 'Learning rate',
    means: 'How far one step moves the numbers. A prefix wants about 0.05, a prompt about 0.3, LoRA about 0.005.',
    step: 0.001,
  },
  { field: 'batchSize', label: 'Batch size', means: 'Rows per step.', step: 1 },
  {
    field: 'microBatchSize',
    label: 'Micro-batch',
    means:
      'Rows computed at a time; gradients are added up to a batch. Smaller takes less memory. Empty: as many as fit.',
    step: 1,
  },
  {
    field: 'memoryBudgetMiB',
    label: 'Memory (MiB)',
    means: 'What a run may take, with the model. Empty: half of this machine, as far as the browser says.',
    step: 256,
  },
  {
    field: 'warmupSteps',
    label: 'Warm-up',
    means: 'Steps over which the learning rate rises; then it falls along a cosine.',
    step: 1,
  },
  { field: 'weightDecay', label: 'Weight decay', means: 'AdamW: pulls the numbers towards zero.', step: 0.01 },
  {
    field: 'maxGradNorm',
    label: 'Clip norm',
    means: 'Gradients with a larger global norm are scaled down to it.',
    step: 0.1,
  },
  { field: 'evalEvery', label: 'Validate every', means: 'Steps between two looks at the held-out rows.', step: 5 },
  { field: 'seed', label: 'Seed', means: 'The same seed gives the same run on the same device.', step: 1 },
];

const LORA_FIELDS: readonly Field[] = [
  {
    field: 'alpha',
    label: 'Alpha',
    means: 'The change counts alpha / rank: twice as much is twice as strong. PEFT: lora_alpha.',
    step: 1,
  },
  {
    field: 'dropout',
    label: 'Dropout',
    means: 'The share of its inputs that each step leaves out, against learning by heart. PEFT: lora_dropout.',
    step: 0.05,
  },
];

export function MoreSettings() {
  const { settings } = useSession();
  const method = usePart('settings', (state) => state.method);
  return (
    <details>
      <summary>More settings</summary>
      <div className={`${tuneClasses.fields} ${classes.detailsBody}`}>
        <Fields fields={FIELDS} />
        {method === 'lora' ? <Fields fields={LORA_FIELDS} /> : <EncoderSettings method={method} />}
        <div className={tuneClasses.reset}>
          <Button size="compact-sm" variant="subtle" onClick={settings.reset}>
            Back to defaults
          </Button>
        </div>
      </div>
    </details>
  );
}

function Fields({ fields }: { readonly fields: readonly Field[] }) {
  return fields.map((field) => <SettingField key={field.field} {...field} />);
}
