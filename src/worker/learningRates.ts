/**
 * A step that suits a method: embeddings lie far apart and want long ones (Lester et al. 2021 use 0.3), updates of weights
 * act everywhere at once and want short ones. Page and command line begin with these.
 */
import type { MethodName } from './protocol';

export const LEARNING_RATES: Readonly<Record<MethodName, number>> = { prefix: 0.05, prompt: 0.3, lora: 0.003 };
