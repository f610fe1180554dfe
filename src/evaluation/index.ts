/** Measuring a model on examples it did not train on. */
export { chooseLabels } from './chooseLabels';
export { drawRows } from './drawRows';
export { CONTENT_FREE, Evaluation } from './evaluation';
export { calibrated, logPrior, probabilities } from './metrics/calibration';
export { confusionOf } from './metrics/classification';
export { metricDifferences, rightness, rubricOf, type ScoredRow, taskMetrics } from './metrics/taskMetrics';
export type { LabelChoices } from './question';
export { expectedOf, type SubjectResult } from './subjectResult';
export { labelTargets, type ValidationSet, validate, validationSet } from './validation';
export { writeAnswers } from './writeAnswers';
