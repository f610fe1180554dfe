/** A row as it is asked in an evaluation: what is read, and what may follow, of which the data has one. */
import type { TokenisedRow, Tokenizer } from '../data';
import type { Kernels } from '../kernels';
import type { LoadedDecoder, OriginalGraph } from '../runtime';
import type { SupervisedSequence } from '../tuning';

/** What an evaluation needs of a model. */
export interface EvaluatedModel {
  readonly loaded: LoadedDecoder;
  readonly kernels: Kernels;
  /** Set where our graphs cannot be made of the model: it writes, one text at a time, and scores nothing. */
  readonly original: OriginalGraph | null;
  readonly tokenizer: Tokenizer & { readonly endTokenIds: readonly number[] };
  readonly config: { readonly contextLength: number };
}

export interface Question {
  readonly prompt: readonly number[];
  /** Token ids that may follow, end token included: those of each label, or of the target alone. */
  readonly choices: readonly (readonly number[])[];
  /** Which of them the data has. */
  readonly own: number;
}

export interface LabelChoices {
  readonly labels: readonly string[];
  /** As `labelTargets` gives them. */
  readonly targets: ReadonlyMap<string, readonly number[]>;
}

/** Tokens that no choice is longer than. */
export const longestChoice = ({ choices }: Question): number => Math.max(...choices.map((ids) => ids.length));

/** @param prompt where something else is read than in training @param choices null where the target alone is asked for */
export function questionOf(
  { tokenIds, targetStart, label }: TokenisedRow,
  choices: LabelChoices | null,
  prompt: readonly number[] = tokenIds.slice(0, targetStart),
): Question {
  const target = tokenIds.slice(targetStart);
  if (choices === null) return { prompt, choices: [target], own: 0 };
  const { labels, targets } = choices;
  // As in a validation: the row's own label as the row has it.
  const each = labels.map((one) => (one === label ? target : (targets.get(one) ?? [])));
  return { prompt, choices: each, own: labels.indexOf(label ?? '') };
}

export const sequencesOf = ({ prompt, choices }: Question): SupervisedSequence[] =>
  choices.map((ids) => ({ tokenIds: [...prompt, ...ids], targetStart: prompt.length }));
