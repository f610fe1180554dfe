/**
 * A model's tokenizer, on the tokenizer core of Transformers.js (`@huggingface/tokenizers`, `@huggingface/jinja`). The
 * whole package would bring ONNX Runtime along once more: native parts in Node, 26 MB of wasm in the browser.
 */
import { Template } from '@huggingface/jinja';
import { Tokenizer as Core } from '@huggingface/tokenizers';
import { z } from 'zod/mini';
import type { Tokenizer } from '../data';
import { ModelError } from '../errors';
import { parseJsonFile } from './config';
import type { ModelFiles } from './files';
import { requiredText } from './files';

export interface ModelTokenizer extends Tokenizer {
  /** Any of these ends an answer when generating; `endTokenId` is one of them. */
  readonly endTokenIds: readonly number[];
  /** Ids of the vocabulary, added tokens included. */
  readonly vocabularySize: number;
  readonly hasChatTemplate: boolean;
  /** A user's turn in the model's chat template, up to where the assistant begins. @throws ModelError without a template */
  chatPrompt(content: string): string;
}

export interface TokenizerFiles {
  readonly tokenizerJson: string;
  readonly tokenizerConfig: string | null;
  /** chat_template.jinja, as newer models have it; goes before the template in tokenizer_config.json. */
  readonly chatTemplate: string | null;
}

const TokenizerJson = z.looseObject({
  model: z.looseObject({ vocab: z.union([z.record(z.string(), z.number()), z.array(z.unknown())]) }),
  added_tokens: z.optional(z.array(z.looseObject({ id: z.number(), content: z.string() }))),
});
const token = z.optional(z.nullable(z.union([z.string(), z.looseObject({ content: z.string() })])));
const TokenizerConfig = z.looseObject({
  bos_token: token,
  eos_token: token,
  pad_token: token,
  unk_token: token,
  chat_template: z.optional(
    z.nullable(z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])),
  ),
});

/** @param eosTokenIds as the model's config says */
export async function loadTokenizer(files: ModelFiles, eosTokenIds: readonly number[]): Promise<ModelTokenizer> {
  const tokenizerJson = await requiredText(files, 'tokenizer.json');
  const tokenizerConfig = await files.text('tokenizer_config.json');
  const inConfig = /"chat_template"\s*:\s*["[]/.test(tokenizerConfig ?? '');
  const chatTemplate = inConfig ? null : await files.text('chat_template.jinja');
  return createTokenizer({ tokenizerJson, tokenizerConfig, chatTemplate }, eosTokenIds);
}

/** @throws ModelError where the files are no tokenizer, or name no token that ends a text */
export function createTokenizer(files: TokenizerFiles, eosTokenIds: readonly number[] = []): ModelTokenizer {
  const json = check(TokenizerJson, parseJsonFile('tokenizer.json', files.tokenizerJson), 'tokenizer.json');
  const config = check(
    TokenizerConfig,
    files.tokenizerConfig === null ? {} : parseJsonFile('tokenizer_config.json', files.tokenizerConfig),
    'tokenizer_config.json',
  );
  let core: Core;
  try {
    core = new Core(json, config);
  } catch (cause) {
    throw new ModelError(
      `This kind of tokenizer cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { file: 'tokenizer.json' },
      'Use a model with a tokenizer of the Hugging Face tokenizers library.',
      { cause },
    );
  }
  const eosToken = content(config.eos_token);
  const ownEnd = eosToken === null ? undefined : core.token_to_id(eosToken);
  const endTokenIds = [...new Set([...(ownEnd === undefined ? [] : [ownEnd]), ...eosTokenIds])];
  const endTokenId = endTokenIds[0];
  if (endTokenId === undefined) {
    throw new ModelError(
      'Neither the config nor the tokenizer names a token that ends a text.',
      { file: 'config.json', field: 'eos_token_id' },
      'Add "eos_token_id" to config.json.',
    );
  }
  const plain = (text: string) => (text === '' ? [] : core.encode(text, { add_special_tokens: false }).ids);
  const leading = leadingTokens(core);
  const template = chatTemplateOf(files.chatTemplate ?? config.chat_template ?? null);
  return {
    endTokenId,
    endTokenIds,
    vocabularySize: core.get_vocab(true).size,
    hasChatTemplate: template !== null,
    encode(text, { continuation = false } = {}) {
      const ids = plain(text);
      // A chat template writes the beginning-of-sequence token itself.
      const begins = leading.every((id, i) => ids[i] === id);
      return continuation || begins ? ids : [...leading, ...ids];
    },
    decode: (ids) =>
      ids.length === 0
        ? ''
        : core.decode([...ids], { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
    chatPrompt(text) {
      if (template === null) {
        throw new ModelError(
          'This model has no chat template.',
          { file: 'tokenizer_config.json' },
          'Write plain text.',
        );
      }
      return template.render({
        messages: [{ role: 'user', content: text }],
        add_generation_prompt: true,
        ...specialTokens(config),
      });
    },
  };
}

/** What the tokenizer's post-processor puts in front of every text. */
function leadingTokens(core: Core): number[] {
  const probe = 'a';
  const bare = core.encode(probe, { add_special_tokens: false }).ids;
  const whole = core.encode(probe).ids;
  const at = whole.findIndex((_, start) => bare.every((id, i) => whole[start + i] === id));
  return at > 0 ? whole.slice(0, at) : [];
}

type ChatTemplate = string | readonly { readonly name: string; readonly template: string }[] | null;

function chatTemplateOf(source: ChatTemplate): Template | null {
  const text = typeof source === 'string' ? source : (source?.find(({ name }) => name === 'default')?.template ?? null);
  if (text === null) return null;
  try {
    return new Template(text);
  } catch (cause) {
    throw new ModelError(
      `The chat template cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { file: 'tokenizer_config.json', field: 'chat_template' },
      'Remove the chat template; plain text works without.',
      { cause },
    );
  }
}

function specialTokens(config: z.infer<typeof TokenizerConfig>): Record<string, string> {
  const tokens = {
    bos_token: content(config.bos_token),
    eos_token: content(config.eos_token),
    pad_token: content(config.pad_token),
    unk_token: content(config.unk_token),
  };
  return Object.fromEntries(Object.entries(tokens).flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

function content(value: z.infer<typeof token>): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : value.content;
}

function check<T extends z.ZodMiniType>(schema: T, value: unknown, file: string): z.output<T> {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join('.') ?? '';
  throw new ModelError(
    `${file} is not the file of a tokenizer${field === '' ? '' : `: look at "${field}"`}.`,
    { file, ...(field === '' ? {} : { field }) },
    'Use the files that belong to the model.',
  );
}
