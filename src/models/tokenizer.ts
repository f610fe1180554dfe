/**
 * A model's tokenizer, on the tokenizer core of Transformers.js (`@huggingface/tokenizers`, `@huggingface/jinja`). The
 * whole package would bring ONNX Runtime along once more: native parts in Node, 26 MB of wasm in the browser.
 */
import { Tokenizer as Core } from '@huggingface/tokenizers';
import { z } from 'zod/mini';
import type { Tokenizer } from '../data';
import { ModelError } from '../errors';
import { type ChatMessage, chatTemplateOf, SpecialToken, TemplateConfig, textOf } from './chatTemplate';
import { parseJsonFile } from './config';
import type { ModelFiles } from './files';
import { forCore, TokenizerJson } from './tokenizerJson';

export interface ModelTokenizer extends Tokenizer {
  /**
   * Any of these ends an answer when generating; `endTokenId` is the first. They are the tokenizer's own, those of the
   * model's configs, and the one with which the chat template ends an assistant's turn.
   */
  readonly endTokenIds: readonly number[];
  /** Ids of the vocabulary, added tokens included. */
  readonly vocabularySize: number;
}

export interface TokenizerFiles {
  readonly tokenizerJson: string;
  readonly tokenizerConfig: string | null;
  /** chat_template.jinja, as newer models have it; goes before the template in tokenizer_config.json. */
  readonly chatTemplate: string | null;
}

const TokenizerConfig = z.extend(TemplateConfig, { eos_token: SpecialToken });
type TokenizerConfig = z.infer<typeof TokenizerConfig>;

/** What tokenizer.json is made from; models of older days have only these. */
const sourceFiles = [
  'tokenizer.model',
  'spiece.model',
  'sentencepiece.bpe.model',
  'merges.txt',
  'vocab.json',
  'vocab.txt',
];

/** @param eosTokenIds as the model's config says */
export async function loadTokenizer(files: ModelFiles, eosTokenIds: readonly number[]): Promise<ModelTokenizer> {
  const tokenizerJson = await files.text('tokenizer.json');
  if (tokenizerJson === null) throw await missingTokenizer(files);
  const tokenizerConfig = await files.text('tokenizer_config.json');
  // Where a source cannot list its files, one is asked for only if it is needed.
  const listed = files.entries.some(({ path }) => path === 'chat_template.jinja');
  const needed = listed || parseConfig(tokenizerConfig).chat_template == null;
  const chatTemplate = needed ? await files.text('chat_template.jinja') : null;
  return createTokenizer({ tokenizerJson, tokenizerConfig, chatTemplate }, eosTokenIds);
}

/** @throws ModelError where the files are no tokenizer, or name no token that ends a text */
export function createTokenizer(files: TokenizerFiles, eosTokenIds: readonly number[] = []): ModelTokenizer {
  const json = check(TokenizerJson, parseJsonFile('tokenizer.json', files.tokenizerJson), 'tokenizer.json');
  const config = parseConfig(files.tokenizerConfig);
  const core = createCore(json);
  const template = chatTemplateOf(files.chatTemplate, config);
  const eosToken = textOf(config.eos_token);
  const ownEnd = eosToken === null ? undefined : core.token_to_id(eosToken);
  const turnEnd = template === null ? undefined : firstSpecialToken(template.afterAnswer() ?? '', json);
  const endTokenIds = [...new Set([ownEnd, ...eosTokenIds, turnEnd].filter((id) => id !== undefined))];
  const endTokenId = endTokenIds[0];
  if (endTokenId === undefined) {
    throw new ModelError(
      'Neither the config nor the tokenizer names a token that ends a text.',
      { file: 'config.json', field: 'eos_token_id' },
      'Add "eos_token_id" to config.json.',
    );
  }
  const plain = plainEncoder(core, json);
  const leading = leadingTokens(core);
  return {
    endTokenId,
    endTokenIds,
    vocabularySize: core.get_vocab(true).size,
    hasChatTemplate: template !== null,
    turnEndTokenId: turnEnd ?? null,
    encode(text, { continuation = false } = {}) {
      const ids = plain(text);
      // A chat template writes the beginning-of-sequence token itself.
      const begins = leading.every((id, i) => ids[i] === id);
      return continuation || begins ? ids : [...leading, ...ids];
    },
    decode(ids) {
      // Models have more logits than tokens, to make the size round; an id among those has no text.
      const known = ids.filter((id) => core.id_to_token(id) !== undefined);
      return known.length === 0
        ? ''
        : core.decode(known, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
    },
    chatPrompt(conversation) {
      if (template === null) {
        throw new ModelError(
          'This model has no chat template.',
          { file: 'tokenizer_config.json' },
          'Write plain text.',
        );
      }
      const messages: readonly ChatMessage[] =
        typeof conversation === 'string' ? [{ role: 'user', content: conversation }] : conversation;
      return template.render(messages, { addGenerationPrompt: true });
    },
  };
}

function parseConfig(text: string | null): TokenizerConfig {
  const file = 'tokenizer_config.json';
  return check(TokenizerConfig, text === null ? {} : parseJsonFile(file, text), file);
}

function createCore(json: TokenizerJson): Core {
  const adapted = forCore(json);
  try {
    // Without the config, in which the core would find options that the library does not know.
    return new Core(adapted, { unk_token: adapted.model.unk_token });
  } catch (cause) {
    throw new ModelError(
      `This kind of tokenizer cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { file: 'tokenizer.json' },
      'Use a model with a tokenizer of the Hugging Face tokenizers library.',
      { cause },
    );
  }
}

/** Text → ids, without special tokens around it. */
function plainEncoder(core: Core, { model }: TokenizerJson): (text: string) => number[] {
  const bytes = Array.from({ length: 256 }, (_, byte) =>
    core.token_to_id(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  );
  const whole = (text: string) => core.encode(text, { add_special_tokens: false });
  if (!Array.isArray(model.vocab) || model.byte_fallback !== true || bytes.includes(undefined)) {
    return (text) => (text === '' ? [] : whole(text).ids);
  }
  // The core has byte fallback for BPE, not for Unigram; but it hands out the text of what it does not know.
  const utf8 = new TextEncoder();
  return (text) => {
    const { ids, tokens } = whole(text);
    return ids.flatMap((id, i) => {
      const token = tokens[i] ?? '';
      return core.token_to_id(token) === undefined ? Array.from(utf8.encode(token), (byte) => bytes[byte] ?? id) : [id];
    });
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

/** The special token with which a text begins, spaces aside. */
function firstSpecialToken(text: string, { added_tokens }: TokenizerJson): number | undefined {
  const start = text.trimStart();
  return added_tokens?.find((token) => token.special === true && start.startsWith(token.content))?.id;
}

async function missingTokenizer(files: ModelFiles): Promise<ModelError> {
  for (const file of sourceFiles) {
    if (!(await exists(files, file))) continue;
    return new ModelError(
      `tokenizer.json is missing; there is only ${file}.`,
      { file: 'tokenizer.json' },
      `Make it with Python: transformers.AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER). Then add tokenizer.json to the folder.`,
    );
  }
  return new ModelError(
    'tokenizer.json is missing.',
    { file: 'tokenizer.json' },
    'A model needs its .onnx file, config.json and tokenizer.json; add tokenizer.json from the same folder.',
  );
}

async function exists(files: ModelFiles, path: string): Promise<boolean> {
  try {
    const { chunks } = await files.open(path);
    if (chunks instanceof ReadableStream) await chunks.cancel();
    return true;
  } catch (error) {
    if (error instanceof ModelError) return false;
    throw error;
  }
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
