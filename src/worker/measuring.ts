/** How well the loaded model does on the held-out rows, with an adapter or alone. */
import { validate } from '../evaluation';
import { BatchSize, type DeviceAdapter } from '../inference';
import type { ValidationResult } from '../tuning';
import type { OpenModel } from './openModel';
import type { PreparedDataset } from './preparedDataset';

/** Validation that takes fewer rows at a time where memory runs out. */
export function measuring({ loaded, kernels }: OpenModel, dataset: PreparedDataset, batchSize?: number) {
  const size = new BatchSize(loaded, batchSize);
  return (adapter: DeviceAdapter | null): Promise<ValidationResult> =>
    size.within((rows) => validate(loaded, kernels, adapter, dataset.validation, rows));
}

/** Of the model alone; a dataset is prepared for one model, and its runs need it measured once. */
const baselines = new WeakMap<PreparedDataset, ValidationResult>();

/** @param onMeasuring called where it is not known yet */
export async function baselineOf(
  dataset: PreparedDataset,
  measure: (adapter: null) => Promise<ValidationResult>,
  onMeasuring: () => void,
): Promise<ValidationResult> {
  const known = baselines.get(dataset);
  if (known) return known;
  onMeasuring();
  const measured = await measure(null);
  baselines.set(dataset, measured);
  return measured;
}
