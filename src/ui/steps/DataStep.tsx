/** Step 2: a dataset by drop, picker, paste or one click; how it is read; and exactly what will train. */
import { Button } from '@mantine/core';
import { memo } from 'react';
import { type DatasetState, datasetLine, doneShare, type LoadedDataset, shownDataset } from '../../state';
import { FailedReading } from '../data/HowRead';
import { ReadingBar, sayStage } from '../data/ReadingBar';
import { Report } from '../data/Report';
import { Problem } from '../parts/Problem';
import { Step } from '../Step';
import { usePart, useSession } from '../session';
import { Intake } from './Intake';
import { MappingForm } from './MappingForm';
import classes from './steps.module.css';
import { TokenPreview } from './TokenPreview';

export function DataStep() {
  const { dataset } = useSession();
  const state = usePart('dataset', (all) => all);
  const { current, previous, pending, failure, modelReady, fits, progress } = state;
  const shown = shownDataset(state);
  const percent = progress === null ? 0 : Math.floor(100 * doneShare(progress.stage));
  const isOtherFile =
    failure !== null &&
    failure.problem.kind === 'data' &&
    failure.input.source.files.length > 0 &&
    failure.input.source.key !== current?.input.source.key;
  const unread = current !== null && !fits && pending === null && modelReady;
  return (
    <Step name="Data" line={dataLine(state, unread)}>
      <div className={classes.stack}>
        <Intake hasData={shown !== null} />
        <ReadingBar />
        {failure !== null && (
          <div>
            <Problem problem={failure.problem} onDismiss={dataset.dismissFailure}>
              {isOtherFile && (
                <details key={failure.input.source.key}>
                  <summary>Say how it is to be read</summary>
                  <FailedReading choices={failure.input.options.reading} />
                </details>
              )}
            </Problem>
            {current !== null && fits && shown?.summary === current.summary && (
              <p className={classes.quiet}>{current.summary.name} is still in use, as below.</p>
            )}
          </div>
        )}
        {unread && (
          <p className={classes.quiet}>
            {current.summary.name} is kept as the model before read it; the next model tries it again.
          </p>
        )}
        {previous !== null && (
          <div className={classes.row}>
            <p className={classes.quiet}>
              Replaced {previous.summary.name} ({datasetLine(previous.summary)}).
            </p>
            <Button size="compact-xs" variant="default" onClick={dataset.undo}>
              Back to {previous.summary.name}
            </Button>
          </div>
        )}
        {shown !== null && !shown.whole && (
          <p className={classes.warning}>
            Below are some rows of {shown.summary.name}; it is still being read, {percent} % so far.
          </p>
        )}
        {shown !== null && <Loaded summary={shown.summary} input={shown.input} />}
      </div>
    </Step>
  );
}

function dataLine({ current, pending, progress }: DatasetState, unread: boolean): string {
  if (current === null) return 'Examples of what goes in and what should come out. They stay on this machine.';
  const { name } = current.summary;
  if (unread) return `This model cannot read ${name}.`;
  const line = `${name}: ${datasetLine(current.summary)}`;
  const again = pending?.source.key === current.input.source.key && progress !== null;
  return again ? `${line} · ${sayStage(progress)}` : line;
}

/** Remembered: while a large file is read its progress changes several times a second, and none of this does. */
const Loaded = memo(function Loaded({ summary, input: { options } }: LoadedDataset) {
  return (
    <div className={`${classes.columns} ${classes.details}`}>
      <MappingForm summary={summary} options={options} />
      <div className={classes.sections}>
        <TokenPreview summary={summary} />
        <Report summary={summary} options={options} />
      </div>
    </div>
  );
});
