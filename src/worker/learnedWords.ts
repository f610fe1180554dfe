/** Which figures can be told of an adapter of each method, and each in a sentence for somebody who never heard of attention. */
import type { FigureName } from './learnedProtocol';
import type { MethodName } from './protocol';

export interface FigureWords {
  readonly name: FigureName;
  readonly explanation: string;
}

const ATTENTION =
  'Before it writes a word, the model looks back at what stands before it, in every layer with many eyes called heads: the ' +
  'stronger the colour of a virtual token, the larger the share of their gaze that the heads spend on it.';

const ABLATION =
  'Here the adapter is switched off in one layer of the model at a time, and the answers it has never seen are scored ' +
  'again: the more the error grows, the more of what was learned sits in that layer.';

const NORMS: Readonly<Record<MethodName, string>> = {
  prefix:
    'A key decides how strongly a word is noticed and a value what it then contributes; the bars tell how large the learned ' +
    'ones are beside those that the model computes for ordinary words, so a bar far above the others is a loud voice.',
  prompt:
    'Every word is a list of numbers to the model, and so is every learned token: the bars tell how long these lists are ' +
    'beside an average word of the vocabulary, and much longer means like nothing that the model has ever read.',
  lora:
    'The adapter adds a small correction to some of the model’s tables of numbers: the bars tell how large each correction ' +
    'is, so the longest one is where most was changed.',
};

const NEIGHBOURS =
  'The learned tokens are no words, but they lie among the words of the model’s vocabulary: these are the ones that point ' +
  'in nearly the same direction, from −1 for opposite to 1 for the same.';

export const figuresOf: Readonly<Record<MethodName, readonly FigureWords[]>> = {
  prefix: [
    { name: 'attention', explanation: ATTENTION },
    { name: 'ablation', explanation: ABLATION },
    { name: 'norms', explanation: NORMS.prefix },
  ],
  prompt: [
    { name: 'attention', explanation: ATTENTION },
    { name: 'ablation', explanation: ABLATION },
    { name: 'norms', explanation: NORMS.prompt },
    { name: 'neighbours', explanation: NEIGHBOURS },
  ],
  lora: [
    { name: 'ablation', explanation: ABLATION },
    { name: 'norms', explanation: NORMS.lora },
  ],
};
