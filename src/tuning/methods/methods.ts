/** All methods: from settings to a method, and from an adapter's numbers to the graft that applies them. */
import { type Graft, pastGraft } from '../../autodiff';
import { AdapterError } from '../../errors';
import type { LoadedDecoder } from '../../runtime';
import type { AdapterValues, LoraValues } from './adapterValues';
import { type LoraSettings, loraGraft, loraMethod } from './lora';
import type { Method } from './method';
import type { LoraTarget } from './moduleNames';
import { type PrefixSettings, prefixMethod } from './prefix';
import { type PromptSettings, promptGraft, promptMethod } from './prompt';

export type MethodChoice =
  | { readonly type: 'prefix'; readonly settings: PrefixSettings }
  | { readonly type: 'prompt'; readonly settings: PromptSettings }
  | { readonly type: 'lora'; readonly settings: LoraSettings; readonly targets: readonly LoraTarget[] };

/** A decoder, and the linear layers of it that LoRA can be put on. */
export interface TunableModel {
  readonly loaded: LoadedDecoder;
  readonly targets: readonly LoraTarget[];
}

export function methodOf(loaded: LoadedDecoder, choice: MethodChoice): Method {
  switch (choice.type) {
    case 'prefix':
      return prefixMethod(loaded, choice.settings);
    case 'prompt':
      return promptMethod(loaded, choice.settings);
    case 'lora':
      return loraMethod(loaded.decoder, choice.targets, choice.settings);
    default:
      return choice satisfies never;
  }
}

/**
 * The graft whose trainables are an adapter's values as they stand.
 * @throws AdapterError where the model lacks a layer that the adapter updates
 */
export function graftOf({ loaded, targets }: TunableModel, adapter: AdapterValues): Graft {
  switch (adapter.method) {
    case 'prefix':
      return pastGraft(loaded.decoder, adapter.length);
    case 'prompt':
      return promptGraft(loaded, adapter.length);
    case 'lora': {
      const { rank, alpha } = adapter;
      return loraGraft(loaded.decoder, targetsOf(adapter, targets), { rank, alpha, dropout: 0 });
    }
    default:
      return adapter satisfies never;
  }
}

function targetsOf({ modules }: LoraValues, targets: readonly LoraTarget[]): LoraTarget[] {
  return modules.map(({ path }) => {
    const target = targets.find(({ module }) => module.path === path);
    if (target) return target;
    throw new AdapterError(`This model has no ${path} to update.`, { field: path }, 'Load the model it was made for.');
  });
}
