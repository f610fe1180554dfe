/**
 * tokenizer.json as our tokenizer core is to read it. The truth is the `tokenizers` library of Hugging Face; in the few
 * parts that the core reads otherwise, the part is replaced by one of the same meaning that both read alike. Checked
 * against the library's ids for every family in `tests/models/tokenizers`.
 */
import { z } from 'zod/mini';
import { ModelError } from '../errors';

const Part = z.looseObject({
  type: z.string(),
  pattern: z.optional(z.looseObject({ Regex: z.optional(z.string()), String: z.optional(z.string()) })),
  get pretokenizers() {
    return z.optional(z.array(Part));
  },
  get decoders() {
    return z.optional(z.array(Part));
  },
});
type Part = z.infer<typeof Part>;
const part = z.nullish(Part);

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// Not z.record: it copies a vocabulary of a quarter of a million entries, and leaves out one named `__proto__`.
const Vocabulary = z.custom<Readonly<Record<string, number>>>(
  (value) => isObject(value) && Object.values(value).every((id) => typeof id === 'number'),
);
/** Unigram models have a list of pairs of piece and score. */
const Pieces = z.array(z.unknown());

const AddedToken = z.looseObject({ id: z.number(), content: z.string(), special: z.optional(z.boolean()) });

export const TokenizerJson = z.looseObject({
  model: z.looseObject({
    type: z.nullish(z.string()),
    vocab: z.union([Pieces, Vocabulary]),
    unk_token: z.nullish(z.string()),
    byte_fallback: z.optional(z.boolean()),
  }),
  added_tokens: z.nullish(z.array(AddedToken)),
  normalizer: part,
  pre_tokenizer: part,
  post_processor: part,
  decoder: part,
});
export type TokenizerJson = z.infer<typeof TokenizerJson>;

/** @throws ModelError for a kind of model that the core would read as something else */
export function forCore(json: TokenizerJson) {
  const { model } = json;
  const type = Array.isArray(model.vocab) ? 'Unigram' : (model.type ?? ('merges' in model ? 'BPE' : 'WordLevel'));
  if (!['BPE', 'Unigram', 'WordPiece', 'WordLevel'].includes(type)) {
    throw new ModelError(
      `This kind of tokenizer cannot be read: ${type}.`,
      { file: 'tokenizer.json', field: 'model.type' },
      'Use a model with a tokenizer of the Hugging Face tokenizers library.',
    );
  }
  return {
    ...json,
    model: { ...model, type },
    added_tokens: json.added_tokens ?? [],
    normalizer: json.normalizer ?? null,
    pre_tokenizer: json.pre_tokenizer ? preTokenizer(json.pre_tokenizer) : null,
    post_processor: json.post_processor ?? null,
    decoder: json.decoder ? decoder(json.decoder) : null,
  };
}

/** What matches stands alone, and so does what lies between. */
const isolate = (regex: string): Part => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});
/** Only what matches stays. */
const keep = (regex: string): Part => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Removed', invert: true });

const punctuation = String.raw`[\p{P}!-/:-@\[-\`{-~]`;

function preTokenizer(given: Part): Part {
  switch (given.type) {
    case 'Sequence':
      return inSequence((given.pretokenizers ?? []).map(preTokenizer));
    case 'Split':
      return cut(regexOf(given), given) ?? given;
    case 'Punctuation':
      return cut(punctuation, given) ?? { ...isolate(punctuation), behavior: given.behavior ?? 'Isolated' };
    case 'Digits':
      // Every number character counts: `½`, `٣`. The core knows the ten of ASCII.
      return isolate(given.individual_digits === true ? String.raw`\p{N}` : String.raw`\p{N}+`);
    case 'Whitespace':
      // The library counts the two joiners among the word characters.
      return keep(String.raw`[\w\u200c\u200d]+|[^\w\s\u200c\u200d]+`);
    case 'WhitespaceSplit':
      return keep(String.raw`\S+`);
    case 'Metaspace':
      return metaspace(given);
    default:
      return given;
  }
}

/** For the behaviours that the core takes for `Isolated`, without a word; null for those that it knows. */
function cut(regex: string, { behavior, invert }: Part): Part | null {
  const match = `(?:${regex})`;
  const between = `(?:(?!${match})[\\s\\S])`;
  if (invert === true) return null;
  if (behavior === 'MergedWithPrevious') return keep(`${between}*${match}|${between}+`);
  if (behavior === 'MergedWithNext') return keep(`${match}${between}*|${between}+`);
  return behavior === 'Contiguous' ? isolate(`${match}+`) : null;
}

function regexOf({ pattern }: Part): string {
  return pattern?.Regex ?? pattern?.String?.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') ?? '';
}

const inSequence = (pretokenizers: Part[]): Part => ({ type: 'Sequence', pretokenizers });

/** The core never splits at the spaces. */
function metaspace(given: Part): Part {
  const space = spaceOf(given);
  return given.split === false ? given : inSequence([given, keep(`${space}[^${space}]*|[^${space}]+`)]);
}

/** A decoder that has nothing prepended must not strip a space; the core always does. */
function decoder(given: Part): Part {
  if (given.type === 'Sequence') return { ...given, decoders: (given.decoders ?? []).map(decoder) };
  if (given.type !== 'Metaspace' || given.prepend_scheme !== 'never') return given;
  return { type: 'Replace', pattern: { String: spaceOf(given) }, content: ' ' };
}

function spaceOf(given: Part): string {
  return typeof given.replacement === 'string' ? given.replacement : '▁';
}
