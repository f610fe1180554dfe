/** Who is measured: the model alone always, with examples in its prompt, with adapters; on how many rows, and how long answers get. */
import { Checkbox, NumberInput } from '@mantine/core';
import { adapterLabel, chosenAdapters, keptAdapters, MAX_SUBJECTS, usableDataset } from '../../state';
import { sayShape } from '../format';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';
import { AnswerLength } from './AnswerLength';
import evaluationClasses from './evaluation.module.css';

export function EvaluationForm() {
  const { evaluation } = useSession();
  const form = usePart('evaluation', (state) => state.form);
  const isBusy = usePart('evaluation', ({ measuring }) => measuring !== null);
  const columns = usePart('compare', (state) => state.columns);
  const adapters = keptAdapters(usePart('adapters', (state) => state));
  const chosen = chosenAdapters(form, columns, adapters).map(({ id }) => id);
  const full = 1 + Number(form.fewShot) + chosen.length >= MAX_SUBJECTS;
  return (
    <fieldset className={evaluationClasses.form} disabled={isBusy}>
      <legend className="visually-hidden">What is measured</legend>
      <div className={evaluationClasses.subjects}>
        <Checkbox size="sm" label="The model alone" checked readOnly disabled />
        <FewShot full={full} />
        {adapters.map((adapter) => {
          const isChosen = chosen.includes(adapter.id);
          return (
            <Checkbox
              key={adapter.id}
              size="sm"
              label={
                <>
                  {adapterLabel(adapter)} <span className={classes.quiet}>{sayShape(adapter.shape)}</span>
                </>
              }
              checked={isChosen}
              disabled={full && !isChosen}
              onChange={() =>
                evaluation.set({
                  adapterIds: isChosen ? chosen.filter((id) => id !== adapter.id) : [...chosen, adapter.id],
                })
              }
            />
          );
        })}
        <p className={classes.quiet}>
          {adapters.length === 0
            ? 'Tune an adapter, or import one, and it can be measured beside the model alone.'
            : full && 'Four at a time; take one away to choose another.'}
        </p>
      </div>
      <Amounts />
    </fieldset>
  );
}

function FewShot({ full }: { readonly full: boolean }) {
  const { evaluation } = useSession();
  const { fewShot, examples } = usePart('evaluation', (state) => state.form);
  return (
    <div className={evaluationClasses.shots}>
      <Checkbox
        size="sm"
        label={
          <Term means="Few-shot prompting, or in-context learning (Brown et al. 2020): training rows stand in front of each prompt, and nothing is tuned. What an adapter has to beat.">
            With examples in the prompt
          </Term>
        }
        aria-label="With examples in the prompt"
        checked={fewShot}
        disabled={full && !fewShot}
        onChange={(event) => evaluation.set({ fewShot: event.currentTarget.checked })}
      />
      <NumberInput
        size="xs"
        w="4.5rem"
        aria-label="How many examples"
        min={1}
        max={16}
        allowDecimal={false}
        disabled={!fewShot}
        value={examples}
        onChange={(value) => typeof value === 'number' && evaluation.set({ examples: value })}
      />
    </div>
  );
}

function Amounts() {
  const { evaluation } = useSession();
  const { rows, maxTokens } = usePart('evaluation', (state) => state.form);
  const heldOut = usePart('dataset', (state) => usableDataset(state)?.summary.validationRows ?? null);
  const writes = usePart('dataset', (state) => usableDataset(state)?.summary.mapping.task !== 'classification');
  return (
    <div className={classes.rowEnd}>
      <NumberInput
        size="xs"
        w="8rem"
        label={
          <Term means="Drawn at random, the same for all and each time. More rows make the intervals narrower: four times as many, half as wide.">
            Rows
          </Term>
        }
        aria-label="Rows to measure"
        min={1}
        max={heldOut === null ? 100_000 : Math.max(1, heldOut)}
        allowDecimal={false}
        value={heldOut === null ? rows : Math.max(1, Math.min(rows, heldOut))}
        onChange={(value) => typeof value === 'number' && evaluation.set({ rows: value })}
      />
      {writes && (
        <AnswerLength
          size="xs"
          name="Answer length"
          value={maxTokens}
          onChange={(tokens) => evaluation.set({ maxTokens: tokens })}
        />
      )}
      {heldOut !== null && <p className={classes.quiet}>of {heldOut.toLocaleString('en')} held-out rows</p>}
    </div>
  );
}
