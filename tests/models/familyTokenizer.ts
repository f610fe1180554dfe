/** The tokenizers of `tests/models/tokenizers`, and what the Hugging Face libraries make of the same files. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod/mini';
import { createTokenizer, type ModelTokenizer } from '../../src/models';

const root = new URL('tokenizers/', import.meta.url);

export const families = readdirSync(root).sort();

const Expected = z.object({
  /** Ids that the library puts around every text. */
  around: z.object({ before: z.array(z.number()), after: z.array(z.number()) }),
  /** Ids without those; `decoded` where the text does not come back as it was. */
  encodings: z.array(z.object({ text: z.string(), ids: z.array(z.number()), decoded: z.optional(z.string()) })),
  chats: z.array(
    z.object({
      name: z.string(),
      generate: z.boolean(),
      messages: z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })),
      prompt: z.optional(z.string()),
      refused: z.optional(z.string()),
    }),
  ),
});

export function expectedOf(family: string): z.infer<typeof Expected> {
  return z.parse(Expected, JSON.parse(textOf(family, 'expected.json')));
}

function textOf(family: string, file: string): string {
  return readFileSync(new URL(`${family}/${file}`, root), 'utf8');
}

export function filesOf(family: string) {
  const template = 'chat_template.jinja';
  return {
    tokenizerJson: textOf(family, 'tokenizer.json'),
    tokenizerConfig: textOf(family, 'tokenizer_config.json'),
    chatTemplate: existsSync(new URL(`${family}/${template}`, root)) ? textOf(family, template) : null,
  };
}

/** @param eosTokenIds as the model's config would say; GPT-2, say, names its end token nowhere else */
export function familyTokenizer(family: string, eosTokenIds: readonly number[] = [0]): ModelTokenizer {
  return createTokenizer(filesOf(family), eosTokenIds);
}
