/** Learning-rate schedule: linear warm-up, then a cosine down to a tenth of the peak (Loshchilov & Hutter 2017). */

export interface ScheduleSettings {
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly steps: number;
}

/** Of the peak, where the cosine ends. */
export const FINAL_LEARNING_RATE_FRACTION = 0.1;

/** @param step from 1 to `steps` */
export function learningRateAt(step: number, { learningRate, warmupSteps, steps }: ScheduleSettings): number {
  if (step <= warmupSteps) return (learningRate * step) / warmupSteps;
  const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  const cosine = (1 + Math.cos(Math.PI * Math.min(1, progress))) / 2;
  return learningRate * (FINAL_LEARNING_RATE_FRACTION + (1 - FINAL_LEARNING_RATE_FRACTION) * cosine);
}
