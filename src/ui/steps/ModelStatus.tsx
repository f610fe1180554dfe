/** How the loading stands, in one place that keeps its room: the bar, why it ended, or where the model came from. */
import { Button } from '@mantine/core';
import { asksForToken, BUNDLED_MODEL, type ModelState, sourceName, summaryOf, wayBack } from '../../state';
import type { ModelSource } from '../../worker';
import { goTo } from '../keys';
import { type Action, Problem } from '../parts/Problem';
import { usePart, useSession } from '../session';
import { LoadingBar } from './LoadingBar';
import modelClasses from './model.module.css';
import classes from './steps.module.css';
import { TokenField } from './TokenField';

export function ModelStatus() {
  const state = usePart('model', (all) => all);
  return (
    <div className={modelClasses.status}>
      <Content state={state} />
      <p className="visually-hidden" role="status">
        {announcement(state)}
      </p>
    </div>
  );
}

function Content({ state }: { readonly state: ModelState }) {
  const { model } = useSession();
  const { phase, source } = state;
  const cancel = () => {
    model.cancel();
    // The button goes with the bar; the keyboard stays in the step.
    goTo('Model');
  };
  switch (phase.status) {
    case 'empty':
      return null;
    case 'loading':
      return <LoadingBar progress={phase.progress} share={phase.share} onCancel={cancel} />;
    case 'ready':
      return <p className={classes.quiet}>{origin(source)}</p>;
    case 'cancelled':
      return <Cancelled state={state} />;
    case 'failed':
      return <Failed state={state} />;
    default:
      return phase satisfies never;
  }
}

function Cancelled({ state }: { readonly state: ModelState }) {
  const { model } = useSession();
  const back = wayBack(state);
  return (
    <div className={classes.row}>
      <p className={classes.quiet}>
        Loading {sourceName(state.source)} was cancelled. {roomMade(state)}
      </p>
      {back !== null && (
        <Button size="compact-sm" variant="default" onClick={() => model.load(back.source)}>
          Load {back.name}
        </Button>
      )}
      <Button size="compact-sm" variant="default" onClick={() => model.load()}>
        Go on loading
      </Button>
    </div>
  );
}

function Failed({ state }: { readonly state: ModelState }) {
  const { model } = useSession();
  const { phase, source, device } = state;
  if (phase.status !== 'failed') return null;
  const { problem } = phase;
  const back = wayBack(state);
  const asked = asksForToken(source, problem);
  const room = roomMade(state);
  const actions: Action[] = [];
  if (problem.kind === 'device' && device !== 'wasm') {
    actions.push({ label: 'Use wasm', run: () => model.chooseDevice('wasm') });
  }
  if (back !== null) actions.push({ label: `Load ${back.name}`, run: () => model.load(back.source) });
  if (asked === null) actions.push({ label: 'Try again', run: () => model.load() });
  return (
    <Problem problem={problem} actions={actions}>
      {asked !== null && (
        <TokenField
          terms={asked.what === 'terms' ? asked.repo : null}
          submit={{ label: 'Load it with the token', run: () => model.load() }}
        />
      )}
      {room !== '' && <p>{room}</p>}
    </Problem>
  );
}

/** Where the model that was loaded before has gone. */
function roomMade(state: ModelState): string {
  const { lastReady } = state;
  if (lastReady === null || wayBack(state) !== lastReady) return '';
  return `${lastReady.name} was let go first, since memory may not hold two models.`;
}

function origin(source: ModelSource): string {
  switch (source.type) {
    case 'bundled':
      return source.name === BUNDLED_MODEL ? 'It came with this page.' : 'It lies beside this page.';
    case 'files':
      return 'From files of yours; the page only reads them.';
    case 'hub':
      return `From the Hugging Face hub: ${source.repo}, revision ${source.revision}.`;
    case 'url':
      return `From ${new URL(source.url).host}.`;
    default:
      return source satisfies never;
  }
}

function announcement(state: ModelState): string {
  const { phase, source } = state;
  if (phase.status === 'loading') return `Loading ${sourceName(source)}`;
  const summary = summaryOf(state);
  return summary === null ? '' : `${summary.name} is ready`;
}
