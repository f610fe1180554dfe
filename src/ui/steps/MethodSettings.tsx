/** The settings of a run: which method, those of the method that matter in sight, the rest one click away. */
import { SegmentedControl } from '@mantine/core';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import { LoraSettings } from './LoraSettings';
import { MoreSettings } from './MoreSettings';
import { METHOD_NAMES, METHODS } from './methodWords';
import classes from './steps.module.css';
import tuneClasses from './tune.module.css';
import { VirtualTokenSettings } from './VirtualTokenSettings';

export function MethodSettings() {
  const { settings } = useSession();
  const method = usePart('settings', (state) => state.method);
  const { term, source, sentence } = METHODS[method];
  return (
    <>
      <div className={tuneClasses.method}>
        <SegmentedControl
          aria-label="Method"
          data={METHOD_NAMES.map((value) => ({ value, label: METHODS[value].label }))}
          value={method}
          onChange={(chosen) => settings.set({ method: chosen })}
        />
        <p className={classes.quiet}>
          <Term means={source}>{term}</Term> {sentence}
        </p>
      </div>
      {method === 'lora' ? <LoraSettings /> : <VirtualTokenSettings />}
      <MoreSettings />
    </>
  );
}
