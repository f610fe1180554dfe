/** Measuring a model on examples it did not train on. */
export { calibrated, logPrior, probabilities } from './metrics/calibration';
export { confusionOf } from './metrics/classification';
export { metricDifferences, rightness, type ScoredRow, taskMetrics } from './metrics/taskMetrics';
export { labelTargets, type ValidationSet, validate, validationSet } from './validation';
