/**
 * What PEFT's LoraConfig can switch on so that an adapter is more than A and B beside a linear layer of the plain model, or
 * something else. None of it shows in the tensors for certain, and applied without it the adapter would be wrong.
 */
import { AdapterError, type ErrorLocation } from '../errors';
import type { PeftConfig, ReadContext } from './format';

const VARIANTS: readonly (readonly [field: keyof PeftConfig, what: string])[] = [
  ['use_dora', 'uses DoRA'],
  ['use_qalora', 'uses QA-LoRA'],
  ['use_bdlora', 'uses block-diagonal matrices'],
  ['alora_invocation_tokens', 'acts only behind the words that invoke it (aLoRA)'],
  ['arrow_config', 'chooses among several adapters (Arrow)'],
  ['kasa_config', 'uses KaSA'],
  ['monteclora_config', 'uses MonteCLoRA'],
  ['layer_replication', 'repeats layers of the model'],
  ['lora_bias', 'also trains biases'],
];

/** Initialisations that take what they begin with out of the model's weights: A and B fit only what is left of them. */
const CHANGES_THE_MODEL = /^(pissa|corda|olora|loftq|lora_ga)/i;

/** @throws AdapterError that names what the adapter does beside A and B */
export function refuseVariants({ config, file }: ReadContext): void {
  if (!config) return;
  for (const [field, what] of VARIANTS) {
    if (isOn(config[field])) throw unusable(what, { file, field });
  }
  const { bias, init_lora_weights: initialisation, modules_to_save: replaced } = config;
  if (bias != null && bias !== 'none') throw unusable('also trains biases', { file, field: 'bias' });
  if (replaced?.length) throw unusable(`also replaces ${replaced.join(', ')}`, { file, field: 'modules_to_save' });
  if (typeof initialisation === 'string' && CHANGES_THE_MODEL.test(initialisation)) {
    throw unusable(
      `fits only the weights that its initialisation (${initialisation}) leaves`,
      { file, field: 'init_lora_weights' },
      'Save it in Python for the unchanged model: save_pretrained(folder, path_initial_model_for_weight_conversion=…).',
    );
  }
}

export const unusable = (
  what: string,
  place: ErrorLocation,
  hint = 'Merge it in Python, or train one without.',
): AdapterError => new AdapterError(`This LoRA adapter ${what}, which Prelude cannot apply.`, place, hint);

const isOn = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value));
