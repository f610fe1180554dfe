/** The page: header, steps, run strip, and the keys that reach them. */
import { useDisclosure } from '@mantine/hooks';
import { useEffect } from 'react';
import { losesWork } from '../state';
import { Header } from './Header';
import { Help } from './Help';
import { focusOf, goTo, keyAction } from './keys';
import { LearnedPanel } from './learned/LearnedPanel';
import { RunStrip } from './RunStrip';
import { RunsPlace } from './runs/RunsPlace';
import { StepNav } from './StepNav';
import { useSession } from './session';
import classes from './shell.module.css';
import { CompareStep } from './steps/CompareStep';
import { DataStep } from './steps/DataStep';
import { ExportStep } from './steps/ExportStep';
import { ModelStep } from './steps/ModelStep';
import stepClasses from './steps/steps.module.css';
import { TuneStep } from './steps/TuneStep';

export function App({ linkProblems }: { readonly linkProblems: readonly string[] }) {
  const [helpOpened, help] = useDisclosure(false);
  useKeys(help.open);
  useLeaveWarning();
  return (
    <>
      <div className={classes.shell}>
        <Header onHelp={help.open} />
        <StepNav />
        <main className={classes.main}>
          {linkProblems.map((problem) => (
            <p key={problem} className={stepClasses.warning} role="status" style={{ marginTop: '1rem' }}>
              From the link: {problem}
            </p>
          ))}
          <ModelStep />
          <DataStep />
          <TuneStep />
          <CompareStep />
          <LearnedPanel />
          <ExportStep />
          <RunsPlace />
        </main>
      </div>
      <RunStrip />
      <Help opened={helpOpened} onClose={help.close} />
    </>
  );
}

function useKeys(onHelp: () => void) {
  const { togglePause } = useSession();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector('[role=dialog]') !== null) return;
      const focus = focusOf(event.target instanceof Element ? event.target : null);
      const modified = event.ctrlKey || event.altKey || event.metaKey;
      const action = keyAction({ key: event.key, modified, focus });
      if (action === null) return;
      event.preventDefault();
      if (action.type === 'go') goTo(action.step);
      else if (action.type === 'pause') togglePause();
      else onHelp();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [togglePause, onHelp]);
}

/** The browser asks before it leaves the page while that would lose something; listening only then keeps "back" fast. */
function useLeaveWarning() {
  const session = useSession();
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    const update = () => {
      if (losesWork(session)) window.addEventListener('beforeunload', ask);
      else window.removeEventListener('beforeunload', ask);
    };
    const { run, sweep, runs, adapters, exporting, evaluation, applying } = session;
    const stops = [run, sweep, runs, adapters, exporting, evaluation, applying].map(({ store }) =>
      store.subscribe(update),
    );
    return () => {
      for (const stop of stops) stop();
      window.removeEventListener('beforeunload', ask);
    };
  }, [session]);
}
