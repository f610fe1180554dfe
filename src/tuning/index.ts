/** Training: methods, optimiser, schedule, batches and the loop. Knows the compiler and the devices, not files or pages. */
export {
  bucketOf,
  collate,
  type MicroBatch,
  paddedLength,
  type SupervisedSequence,
  supervisedCount,
  weightOf,
} from './batcher';
export { nextTask, RunControl } from './control';
export { type MemoryPlan, type MemoryRequest, planMemory, ranOutAdvice, SCORING_BATCH } from './memoryPlan';
export { initialPrefix, type PrefixInitialisation } from './methods/prefix';
export { Optimiser } from './optimiser';
export { Random } from './random';
export { learningRateAt } from './schedule';
export { type TrainerEvent, type TrainerResult, type TrainerSettings, train, type ValidationResult } from './trainer';
