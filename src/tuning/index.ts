/** Training: methods, optimiser, schedule, batches and the loop. Knows the compiler and the devices, not files or pages. */
export {
  bucketOf,
  collate,
  END_TOKEN_SHARE,
  type MicroBatch,
  paddedLength,
  SORT_WINDOW_BATCHES,
  type SupervisedSequence,
  supervisedCount,
  weightOf,
  withInserted,
} from './batcher';
export { nextTask, RunControl } from './control';
export { joinFloats } from './floats';
export { type MemoryPlan, type MemoryRequest, planMemory, ranOutAdvice, SCORING_BATCH } from './memoryPlan';
export type {
  AdapterValues,
  LoraModule,
  LoraValues,
  PrefixGeometry,
  PrefixValues,
  PromptValues,
} from './methods/adapterValues';
export type { Initialisation } from './methods/initialisation';
export { type LoraSettings, loraGraft, loraMethod } from './methods/lora';
export { type Method, NOTHING_FROZEN, type Trainables } from './methods/method';
export { graftOf, type MethodChoice, methodOf, type TunableModel } from './methods/methods';
export { type LoraTarget, loraTargets } from './methods/moduleNames';
export { prefixMethod } from './methods/prefix';
export { promptGraft, promptMethod } from './methods/prompt';
export { ADAM, Optimiser } from './optimiser';
export { Random } from './random';
export { FINAL_LEARNING_RATE_FRACTION, learningRateAt } from './schedule';
export { beginSweep, decide, nextRun, pointsOf, reportOf, setRun, settingsOf, takenUp } from './sweep';
export {
  type DeviceTrainables,
  type TrainerEvent,
  type TrainerResult,
  type TrainerSettings,
  train,
  type ValidationResult,
} from './trainer';
