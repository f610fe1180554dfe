/**
 * A step that suits a method: what stands in front of the text wants long ones (Lester et al. 2021 use 0.3 for prompts of a
 * far larger model), updates of weights act everywhere at once and want short ones. Page and command line begin with these.
 */
import type { MethodName } from './protocol';

export const LEARNING_RATES: Readonly<Record<MethodName, number>> = { prefix: 0.05, prompt: 0.05, lora: 0.003 };
