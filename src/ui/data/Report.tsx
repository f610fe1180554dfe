/** What a person should know before training: rows, what is odd about them, their lengths, and the time it takes. */
import { DEFAULT_HELD_OUT, DEFAULT_MAX_ROWS, describeDrawn, reportNotes, SPLIT_WORDS, skippedRows } from '../../state';
import type { DatasetOptions, DatasetSummary } from '../../worker';
import { formatAbout, formatCount, formatPlural } from '../format';
import { Figure, Figures } from '../parts/Figure';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';
import { CountField } from './CountField';
import dataClasses from './data.module.css';
import { Lengths } from './Lengths';
import { SkippedRows } from './SkippedRows';

interface ReportProps {
  readonly summary: DatasetSummary;
  readonly options: DatasetOptions;
}

export function Report({ summary, options }: ReportProps) {
  const { report, trainRows, validationRows, meanTokens, longestTokens } = summary;
  const drawn = describeDrawn(report);
  const notes = reportNotes(report);
  return (
    <div className={classes.stack}>
      <h3 className={classes.heading}>Before training</h3>
      <Figures label="The dataset">
        <Figure name="Rows read" value={formatCount(report.read)} />
        <Figure name="Used" value={formatCount(report.usable)} />
        <Figure name="Skipped" value={formatCount(skippedRows(report))} />
        <Figure name="To learn from" value={formatCount(trainRows)} />
        <Figure name="Held out" value={formatCount(validationRows)} />
        <Figure name="Average row" value={formatPlural(meanTokens, 'token')} />
        <Figure name="Longest row" value={formatPlural(longestTokens, 'token')} />
        <TimeFigure />
      </Figures>
      {drawn !== null && <p className={dataClasses.sentence}>{drawn}.</p>}
      {notes.map((note) => (
        <p key={note} className={classes.warning}>
          {note}
        </p>
      ))}
      <SkippedRows summary={summary} />
      <Lengths summary={summary} />
      <Limits summary={summary} options={options} />
    </div>
  );
}

/** Of the run that Tune would start now. */
function TimeFigure() {
  const value = usePart('estimate', (state) => state.value);
  const steps = usePart('settings', (state) => state.steps);
  const seconds = value?.seconds ?? null;
  return (
    <Figure
      name={<Term means="From measured steps on this machine, for the settings in Tune.">Training</Term>}
      value={
        value &&
        (seconds === null ? 'known after the first step' : `${formatAbout(seconds)} for ${formatPlural(steps, 'step')}`)
      }
    />
  );
}

/** No file has more rows than a browser can count through in reasonable time. */
const MOST_ROWS = 1_000_000;
/** The engine's own limit: below it there is no room for a prompt and an answer. */
const FEWEST_TOKENS = 8;

function Limits({ summary: { report, validationRows, usableRows }, options }: ReportProps) {
  const { dataset } = useSession();
  const percent = Math.round(100 * (options.validationFraction ?? DEFAULT_HELD_OUT));
  const drawsSplit = report.split === 'random';
  return (
    <div className={dataClasses.section}>
      <div className={dataClasses.limits}>
        <CountField
          label="Tokens at most"
          means={`Maximum length: longer rows lose the beginning of their prompt. The model can take ${formatCount(report.maxTokensLimit)} beside what it learns.`}
          value={report.maxTokens}
          min={FEWEST_TOKENS}
          max={report.maxTokensLimit}
          step={16}
          onSend={(maxTokens) => dataset.setOptions({ maxTokens })}
        />
        <CountField
          label="Rows at most"
          means="A larger file is drawn from at random, so that memory stays small. A run seldom sees more rows than these."
          value={options.maxRows ?? DEFAULT_MAX_ROWS}
          min={1}
          max={MOST_ROWS}
          step={1000}
          onSend={(maxRows) => dataset.setOptions({ maxRows })}
        />
        <CountField
          label="Held out"
          means="Validation split: rows that are never learned from, to see whether more was learned than the rows by heart."
          value={percent}
          min={1}
          max={50}
          suffix=" %"
          disabled={!drawsSplit}
          onSend={(share) => dataset.setOptions({ validationFraction: share / 100 })}
        />
      </div>
      <p className={classes.quiet}>
        {SPLIT_WORDS[report.split]}
        {drawsSplit &&
          validationRows < Math.floor((usableRows * percent) / 100) &&
          ` ${formatPlural(validationRows, 'row')}: more would slow every validation down.`}
      </p>
    </div>
  );
}
