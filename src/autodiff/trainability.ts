/** What can be made of a decoder, found out by compiling the smallest graphs of it: nothing is run. */
import { ModelError } from '../errors';
import type { Decoder } from './decoder';
import { buildForwardGraph, buildTrainingGraph } from './graphs';
import { pastGraft } from './pastGraft';
import type { CompileTarget } from './types';

export type Trainability =
  | { readonly kind: 'trains' }
  /** Goes forward on our graphs; some operator between the trainables and the loss has no gradient. */
  | { readonly kind: 'generates'; readonly why: ModelError }
  /** Some operator cannot be compiled at all; ONNX Runtime may still run the model's own graph. */
  | { readonly kind: 'opaque'; readonly why: ModelError };

const TOKENS = 2;

export function trainabilityOf(decoder: Decoder, target: CompileTarget): Trainability {
  const training = () =>
    buildTrainingGraph(decoder, pastGraft(decoder, 1), { batch: 1, tokens: TOKENS, rows: 1 }, target);
  const why = refusal(training);
  if (!why) return { kind: 'trains' };
  const forward = () =>
    buildForwardGraph(
      decoder,
      { batch: 1, tokens: TOKENS, cache: 1, rows: 1, layout: 'ragged', head: 'logits', newKeyValues: true },
      target,
    );
  return { kind: refusal(forward) ? 'opaque' : 'generates', why };
}

function refusal(build: () => unknown): ModelError | null {
  try {
    build();
    return null;
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
}
