/** Measuring a model on examples it did not train on. */
export { type ValidationSet, validate, validationSet } from './validation';
