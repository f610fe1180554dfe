/** The likeliest label after each prompt, chosen as in an evaluation. */
import { type BatchSize, type DeviceAdapter, score } from '../inference';
import { probabilities } from './metrics/calibration';
import { type EvaluatedModel, type LabelChoices, sequencesOf } from './question';
import { likeliest } from './subjectResult';

export interface ChosenLabel {
  readonly label: string;
  /** Of all labels, its share. */
  readonly probability: number;
}

/** @returns in the order of the prompts */
export async function chooseLabels(
  { loaded, kernels }: EvaluatedModel,
  adapter: DeviceAdapter | null,
  size: BatchSize,
  prompts: readonly (readonly number[])[],
  { labels, targets }: LabelChoices,
): Promise<ChosenLabel[]> {
  const choices = labels.map((label) => targets.get(label) ?? []);
  const sequences = prompts.flatMap((prompt) => sequencesOf({ prompt, choices, own: 0 }));
  const scores = await size.within((rows) => score(loaded, kernels, adapter, sequences, rows));
  return prompts.map((_, i) => {
    const own = scores.slice(i * labels.length, (i + 1) * labels.length);
    const shares = probabilities(own.map(({ weightedLoss }) => -weightedLoss));
    return { label: likeliest(labels, shares), probability: Math.max(...shares) };
  });
}
