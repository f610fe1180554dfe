/** Each method in plain words: what is learned, what it costs, and what its numbers are counted from. */
import type { SettingsState } from '../../state';
import type { LoraRole, MethodName } from '../../worker';

interface MethodWords {
  /** On the switch. */
  readonly label: string;
  /** The field's name of it, which begins the sentence. */
  readonly term: string;
  /** Paper and PEFT option. */
  readonly source: string;
  /** Goes on after the term. */
  readonly sentence: string;
}

export const METHODS: Readonly<Record<MethodName, MethodWords>> = {
  prefix: {
    label: 'Prefix',
    term: 'Prefix-tuning',
    source:
      'Li & Liang 2021: in each layer, trained keys and values stand in front of those of the text. PEFT: PREFIX_TUNING.',
    sentence:
      'learns what every layer looks back on in front of the text. It takes a little room in the context and next to no time.',
  },
  prompt: {
    label: 'Prompt',
    term: 'Prompt tuning',
    source: 'Lester et al. 2021: trained embeddings stand in front of those of the text. PEFT: PROMPT_TUNING.',
    sentence:
      'learns a few made-up words in front of the text. By far the fewest numbers; it wants more steps, and takes room in the context.',
  },
  lora: {
    label: 'LoRA',
    term: 'LoRA',
    source:
      'Hu et al. 2021, low-rank adaptation: y = W x + alpha / rank · B A x, with A and B trained and W as it was. PEFT: LORA.',
    sentence:
      'learns a small change beside chosen weight matrices. It takes no room in the context, and a little time for every token.',
  },
};

export const METHOD_NAMES: readonly MethodName[] = ['prefix', 'prompt', 'lora'];

/** What virtual tokens start from. */
export const STARTS = [
  { value: 'text', label: 'a text' },
  { value: 'vocabulary', label: 'words of the vocabulary' },
  { value: 'random', label: 'random numbers' },
  { value: 'zero', label: 'zeros' },
] as const satisfies readonly { value: SettingsState['initType']; label: string }[];

/** What each projection makes, in plain words. */
export const ROLES: Readonly<Record<LoraRole, string>> = {
  q: 'queries',
  k: 'keys',
  v: 'values',
  o: 'attention output',
  gate: 'MLP gate',
  up: 'MLP up',
  down: 'MLP down',
};

/** What the trainable parameters are counted from. */
export function sayTrainable({ method, encoded, frozenTokens }: SettingsState): string {
  const width =
    method === 'prompt' ? 'width of an embedding' : 'layers × 2 (key and value) × KV heads × head dimension';
  if (method === 'lora') {
    return 'Trainable parameters: rank × (inputs + outputs) of each chosen projection, summed over the layers.';
  }
  if (encoded) {
    return `Trainable parameters of the network that makes the ${method}, more than are kept: its file has length × ${width}.`;
  }
  const length = method === 'prefix' && frozenTokens > 0 ? '(length − frozen tokens)' : 'length';
  return `Trainable parameters: ${length} × ${width}.`;
}
