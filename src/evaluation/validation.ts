/**
 * How well the model does on held-out examples: the training loss (a mean over supervised tokens in which the end token
 * counts less), and for classification the share of examples whose true label is the likeliest of all labels.
 */
import type { TokenisedExample } from '../data';
import { type DeviceAdapter, type SequenceScore, score } from '../inference';
import type { Kernels } from '../kernels';
import type { LoadedDecoder } from '../runtime';
import type { SupervisedSequence, ValidationResult } from '../tuning';

export interface ValidationSet {
  /** Every sequence to score: per example one, or one per label with the true one first. */
  readonly sequences: readonly SupervisedSequence[];
  /** Sequences per example. */
  readonly choices: number;
}

/**
 * @param labels distinct labels of a classification task; none for generation
 * @param examples tokenised; each label must occur among `known`, whose target tokens stand for it
 */
export function validationSet(
  examples: readonly TokenisedExample[],
  labels: readonly string[],
  known: readonly TokenisedExample[],
): ValidationSet {
  if (labels.length < 2) return { sequences: examples, choices: 1 };
  const targets = labelTargets(known);
  const sequences = examples.flatMap((example) => {
    const prompt = example.tokenIds.slice(0, example.targetStart);
    const others = labels.filter((label) => label !== example.label);
    return [
      example,
      ...others.map((label) => ({
        tokenIds: [...prompt, ...(targets.get(label) ?? [])],
        targetStart: example.targetStart,
      })),
    ];
  });
  return { sequences, choices: labels.length };
}

/** Labels as they are scored where they are not the true one: the target tokens of the first example that has it. */
export function labelTargets(known: readonly TokenisedExample[]): ReadonlyMap<string, readonly number[]> {
  const targets = new Map<string, readonly number[]>();
  for (const { label, tokenIds, targetStart } of known) {
    if (label !== null && !targets.has(label)) targets.set(label, tokenIds.slice(targetStart));
  }
  return targets;
}

/** @param batchSize sequences at a time; see `score` */
export async function validate(
  loaded: LoadedDecoder,
  kernels: Kernels,
  adapter: DeviceAdapter | null,
  { sequences, choices }: ValidationSet,
  batchSize?: number,
): Promise<ValidationResult> {
  const scores = await score(loaded, kernels, adapter, sequences, batchSize);
  const own = scores.filter((_, i) => i % choices === 0);
  const total = (of: (s: SequenceScore) => number) => own.reduce((sum, one) => sum + of(one), 0);
  return {
    loss: total((one) => one.weightedLoss) / total((one) => one.weight),
    accuracy: choices === 1 ? null : accuracyOf(scores, choices),
  };
}

/** The true label comes first of each group; a tie does not count as right. */
function accuracyOf(scores: readonly SequenceScore[], choices: number): number {
  const nll = (i: number) => (scores[i] as SequenceScore).weightedLoss;
  let right = 0;
  for (let start = 0; start < scores.length; start += choices) {
    const others = Array.from({ length: choices - 1 }, (_, k) => nll(start + 1 + k));
    if (others.every((other) => nll(start) < other)) right++;
  }
  return (right * choices) / scores.length;
}
