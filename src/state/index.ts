/** The page's state: a projection of the engine's events. Knows the worker's protocol and nothing of React. */
export type { Lookup } from './chooser';
export { expectedAnswer, isWriting, type Output, type Side } from './compare';
export { DEFAULT_HELD_OUT, datasetLine, type LoadedDataset, usableDataset } from './dataset';
export { peftLines } from './exporting';
export { asksForToken } from './hubToken';
export { losesWork } from './leaving';
export { describeLoss } from './lossLog';
export { unknownColumns } from './mapping';
export { type ModelState, sourceName, summaryOf, wayBack } from './model';
export { BUNDLED_MODEL } from './modelAddress';
export { keptModels, keptName, keptUse } from './modelCache';
export { measuredOn, prefixLabel, scoreRows } from './prefixes';
export { isActive, latestRun, latestRunOf, type RunRecord, shownRun } from './run';
export type { Sample } from './samples';
export { createDelay, createFrameSchedule } from './schedule';
export { createSession, type Session, settingsIssues, whyNotTune } from './session';
export { MAX_LENGTH, mayBeAuto, type NumberField, RULES, type SettingsIssue, type SettingsState } from './settings';
export { parseUrl } from './url';
