/** All methods: from settings to a method, and from an adapter's numbers to the graft that applies them. */
import { type Graft, pastGraft } from '../../autodiff';
import type { LoadedDecoder } from '../../runtime';
import type { AdapterValues } from './adapterValues';
import type { Method } from './method';
import { type PrefixSettings, prefixMethod } from './prefix';
import { type PromptSettings, promptGraft, promptMethod } from './prompt';

export type MethodChoice =
  | { readonly type: 'prefix'; readonly settings: PrefixSettings }
  | { readonly type: 'prompt'; readonly settings: PromptSettings };

export function methodOf(loaded: LoadedDecoder, choice: MethodChoice): Method {
  switch (choice.type) {
    case 'prefix':
      return prefixMethod(loaded, choice.settings);
    case 'prompt':
      return promptMethod(loaded, choice.settings);
    default:
      return choice satisfies never;
  }
}

/** The graft whose trainables are an adapter's values as they stand. */
export function graftOf(loaded: LoadedDecoder, adapter: AdapterValues): Graft {
  switch (adapter.method) {
    case 'prefix':
      return pastGraft(loaded.decoder, adapter.length);
    case 'prompt':
      return promptGraft(loaded, adapter.length);
    case 'lora':
      throw new RangeError('LoRA');
    default:
      return adapter satisfies never;
  }
}
