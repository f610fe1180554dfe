/** The page's state: a projection of the engine's events. Knows the worker's protocol and nothing of React. */
export { adapterLabel, composable, keptAdapters } from './adapters';
export { type Application, appliedWith } from './applying';
export type { Lookup } from './chooser';
export { type Column, MAX_COLUMNS, type Output, type Subject } from './columns';
export { expectedAnswer, hasCompared, isWriting } from './compare';
export {
  type DatasetState,
  DEFAULT_HELD_OUT,
  DEFAULT_MAX_ROWS,
  datasetLine,
  type LoadedDataset,
  shownDataset,
  usableDataset,
} from './dataset';
export { doneShare, type ReadingProgress } from './datasetProgress';
export {
  describeCut,
  describeDrawn,
  describeImbalance,
  describeLengths,
  lengthBars,
  PROBLEM_WORDS,
  reportNotes,
  SPLIT_WORDS,
  sayLines,
  skippedRows,
} from './datasetReport';
export type { Measured, Measuring } from './evaluation';
export { isLowerBetter, type MetricRow, metricRows, mistakesOf, type ScoreCell, verdictOf } from './evaluationScores';
export {
  countsOf,
  filteredRows,
  firstSight,
  lossChange,
  pageOf,
  ROW_FILTERS,
  type RowColumn,
  type RowFilter,
  type RowOrder,
  type Sight,
  sortedRows,
} from './evaluationTable';
export { peftLines } from './exporting';
export { type GazeRow, gazeOfHeads, gazeOfLayers, type Looker, largestShare } from './gaze';
export { groundOf, whyStale } from './ground';
export { asksForToken } from './hubToken';
export { type AblationProgress, type Figure, figuresFor, lossWithout } from './learned';
export { losesWork } from './leaving';
export { type AskableText, isSameText, textToAsk } from './lookedAt';
export { isChosen, type TargetGroup, targetGroups, ticked } from './loraTargets';
export { describeLoss } from './lossLog';
export { type ColumnRole, isRole, isTask, rolesFor, rolesOf, unknownColumns, withColumn } from './mapping';
export { type ModelState, sourceName, summaryOf, wayBack } from './model';
export { BUNDLED_MODEL } from './modelAddress';
export { keptModels, keptName, keptUse } from './modelCache';
export { describeOverlay, MAX_OVERLAID, overlayColumns } from './overlay';
export {
  DELIMITER_WORDS,
  describeReading,
  ENCODING_WORDS,
  FORMAT_WORDS,
  isRecognised,
  readingFields,
  withChoice,
} from './readingChoices';
export { isActive, latestRun, latestRunOf, type RunRecord } from './run';
export { adapterIdOf, chosenDifferences, listedRuns, overlayLines } from './runs';
export { type OverlayLine, type RunRow, runRow } from './runTable';
export type { Sample } from './samples';
export { createDelay, createFrameSchedule } from './schedule';
export { measuredOn, type ScoreRow, scoreRows } from './scores';
export { createSession, type Session } from './session';
export { MAX_LENGTH, type NumberField, type SettingsState } from './settings';
export { hasVirtualTokens, mayBeAuto, RULES, type SettingsIssue } from './settingsRules';
export { signTest } from './signTest';
export { chosenAdapters, isGone, MAX_SUBJECTS, type NamedSubject, subjectKey } from './subjects';
export { keptSweeps, type SweepPageState, sweepProgress } from './sweep';
export { describeSweep, sweepColumns } from './sweepChart';
export { readForm, type SweepForm } from './sweepForm';
export { reordered, resultOf, type SweepColumn, type SweepOrder, sortedRuns } from './sweepTable';
export { parseUrl } from './url';
export { answersOf, type Election, openBallot, type Tally, tallyOf } from './voting';
export { settingsIssues, whyNotApply, whyNotMeasure, whyNotSweep, whyNotTrain, whyNotTune } from './whyNot';
