/** LoRA: how large the change may be, and which matrices of the model it stands beside. */
import { Checkbox, Slider } from '@mantine/core';
import { isChosen, summaryOf, type TargetGroup, targetGroups, ticked } from '../../state';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import { ContextBar } from './ContextBar';
import { ROLES } from './methodWords';
import classes from './steps.module.css';
import tuneClasses from './tune.module.css';

export function LoraSettings() {
  return (
    <div className={classes.halves}>
      <div className={classes.stack}>
        <RankSlider />
        <ContextBar />
      </div>
      <Targets />
    </div>
  );
}

/** Ranks are powers of two; the slider holds the exponent. */
const EXPONENTS = [0, 1, 2, 3, 4, 5, 6];
const MAX_EXPONENT = 6;

function RankSlider() {
  const { settings } = useSession();
  const rank = usePart('settings', (state) => state.rank);
  const exponent = Math.round(Math.log2(Math.max(1, rank)));
  return (
    <div>
      <div className={tuneClasses.sliderHead}>
        <Term means="How many directions the change of a matrix has; its numbers grow with it. PEFT: r.">Rank</Term>
        <output>{rank}</output>
      </div>
      <Slider
        thumbLabel="Rank"
        thumbValueText={String(rank)}
        label={null}
        min={0}
        max={MAX_EXPONENT}
        value={Math.min(exponent, MAX_EXPONENT)}
        onChange={(value) => settings.set({ rank: 2 ** value })}
        marks={EXPONENTS.map((value) => ({ value, label: String(2 ** value) }))}
        mb="1.25rem"
      />
    </div>
  );
}

function Targets() {
  const targets = usePart('model', (state) => summaryOf(state)?.loraTargets ?? null);
  return (
    <fieldset className={tuneClasses.targets}>
      <legend>
        <Term means="The linear layers that get a change of their own, in every layer of the model; the paper takes queries and values. PEFT: target_modules.">
          Beside
        </Term>
      </legend>
      {targets === null ? (
        <p className={classes.quiet}>The model says which, once it is loaded.</p>
      ) : (
        targetGroups(targets).map((group) => <Target key={group.module} group={group} />)
      )}
    </fieldset>
  );
}

function Target({ group }: { readonly group: TargetGroup }) {
  const { settings } = useSession();
  const chosen = usePart('settings', (state) => state.targets);
  return (
    <Checkbox
      size="sm"
      label={
        <>
          {group.roles.map((role) => ROLES[role]).join(', ')} <code className={classes.mono}>{group.module}</code>
        </>
      }
      checked={isChosen(group, chosen)}
      onChange={(event) => settings.set({ targets: ticked(group, chosen, event.currentTarget.checked) })}
    />
  );
}
