/** Measuring a model on examples it did not train on. */
export { labelTargets, type ValidationSet, validate, validationSet } from './validation';
