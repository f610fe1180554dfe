/** What is searched: methods with their sizes and learning rates, starts, seeds, how, and whether the worse are stopped. */
import { Checkbox, NumberInput, SegmentedControl, TextInput } from '@mantine/core';
import type { SweepForm } from '../../state';
import type { MethodName } from '../../worker';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import { METHOD_NAMES, METHODS, STARTS } from '../steps/methodWords';
import classes from '../steps/steps.module.css';
import searchClasses from './search.module.css';

export function SearchForm() {
  const form = usePart('sweep', (state) => state.form);
  return (
    <>
      <div className={searchClasses.methods}>
        {METHOD_NAMES.map((method) => (
          <MethodRow key={method} method={method} form={form} />
        ))}
      </div>
      <div className={searchClasses.fields}>
        <Starts inits={form.inits} />
        <Seeds seeds={form.seeds} />
        <Strategy strategy={form.strategy} runs={form.runs} />
      </div>
      <Halving form={form} />
    </>
  );
}

function MethodRow({ method, form: { methods } }: { readonly method: MethodName; readonly form: SweepForm }) {
  const { sweep } = useSession();
  const own = methods[method];
  const { label } = METHODS[method];
  const set = (change: Partial<typeof own>) => sweep.set({ methods: { ...methods, [method]: { ...own, ...change } } });
  return (
    <div className={searchClasses.method}>
      <Checkbox
        size="sm"
        label={label}
        aria-label={`Search ${label}`}
        checked={own.chosen}
        onChange={(event) => set({ chosen: event.currentTarget.checked })}
      />
      <TextInput
        size="xs"
        label={method === 'lora' ? 'Ranks' : 'Lengths'}
        aria-label={`${method === 'lora' ? 'Ranks' : 'Lengths'} of ${label}`}
        disabled={!own.chosen}
        value={own.sizes}
        onChange={(event) => set({ sizes: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        label="Learning rates"
        aria-label={`Learning rates of ${label}`}
        disabled={!own.chosen}
        value={own.learningRates}
        onChange={(event) => set({ learningRates: event.currentTarget.value })}
      />
    </div>
  );
}

function Starts({ inits }: { readonly inits: SweepForm['inits'] }) {
  const { sweep } = useSession();
  return (
    <fieldset className={searchClasses.starts}>
      <legend>
        <Term means="What virtual tokens start from; a text is the one above. LoRA always starts from no change at all.">
          Starts
        </Term>
      </legend>
      {STARTS.map(({ value, label }) => (
        <Checkbox
          key={value}
          size="xs"
          label={label}
          checked={inits.includes(value)}
          onChange={(event) => {
            const others = inits.filter((init) => init !== value);
            sweep.set({ inits: event.currentTarget.checked ? [...others, value] : others });
          }}
        />
      ))}
    </fieldset>
  );
}

function Seeds({ seeds }: { readonly seeds: string }) {
  const { sweep } = useSession();
  return (
    <TextInput
      size="xs"
      label={
        <Term means="Several tell what is better from what is luck: each combination runs once per seed.">Seeds</Term>
      }
      aria-label="Seeds"
      value={seeds}
      onChange={(event) => sweep.set({ seeds: event.currentTarget.value })}
    />
  );
}

function Strategy({ strategy, runs }: Pick<SweepForm, 'strategy' | 'runs'>) {
  const { sweep } = useSession();
  return (
    <div className={searchClasses.strategy}>
      <SegmentedControl
        size="xs"
        aria-label="Which combinations"
        data={[
          { value: 'grid', label: 'all of them' },
          { value: 'random', label: 'some at random' },
        ]}
        value={strategy}
        onChange={(value) => sweep.set({ strategy: value })}
      />
      {strategy === 'random' && (
        <NumberInput
          size="xs"
          label={
            <Term means="Learning rates are drawn between the least and the greatest, evenly in their logarithm.">
              Runs
            </Term>
          }
          aria-label="Number of runs"
          {...numberOf(runs, (value) => sweep.set({ runs: value }))}
        />
      )}
    </div>
  );
}

function Halving({ form: { halving, minSteps, eta } }: { readonly form: SweepForm }) {
  const { sweep } = useSession();
  return (
    <div className={classes.row}>
      <Checkbox
        size="sm"
        label="Stop the worse ones early"
        checked={halving}
        onChange={(event) => sweep.set({ halving: event.currentTarget.checked })}
      />
      <p className={classes.quiet}>
        <Term means="Asynchronous successive halving, Li et al. 2020.">
          Runs are compared after some steps, and only the best go on.
        </Term>
      </p>
      {halving && (
        <div className={searchClasses.halving}>
          <NumberInput
            size="xs"
            label="First compared at step"
            {...numberOf(minSteps, (value) => sweep.set({ minSteps: value }))}
          />
          <NumberInput size="xs" label="Goes on: one in" {...numberOf(eta, (value) => sweep.set({ eta: value }))} />
        </div>
      )}
    </div>
  );
}

/** A whole number, kept as typed. */
function numberOf(value: number, onChange: (value: number) => void) {
  return {
    value: Number.isFinite(value) ? value : '',
    allowDecimal: false,
    min: 1,
    clampBehavior: 'none',
    onChange: (typed: string | number) => onChange(typed === '' ? Number.NaN : Number(typed)),
  } as const;
}
