/**
 * Chat templates: Jinja that turns messages into the text a model was trained on. What a template finds in its
 * environment is what Python's transformers gives it, the functions `raise_exception` and `strftime_now` included.
 */
import { Template } from '@huggingface/jinja';
import strftime from 'strftime';
import { z } from 'zod/mini';
import { ModelError } from '../errors';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export const SpecialToken = z.nullish(z.union([z.string(), z.looseObject({ content: z.string() })]));

/** The part of tokenizer_config.json that matters here; it also has the special tokens, under names such as `bos_token`. */
export const TemplateConfig = z.looseObject({
  chat_template: z.nullish(z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])),
});

interface ChatTemplateSource {
  /** The file that it was found in. */
  readonly file: string;
  readonly text: string;
}

interface RenderOptions {
  /** Ends where the assistant's answer begins. */
  readonly addGenerationPrompt: boolean;
}

export class ChatTemplate {
  private readonly template: Template;
  private readonly environment: Readonly<Record<string, unknown>>;
  private readonly contentAsParts: boolean;

  /** @param specialTokens by their names in the tokenizer's config, e.g. `bos_token` @throws ModelError where it is no template */
  constructor(
    private readonly source: ChatTemplateSource,
    specialTokens: Readonly<Record<string, string>>,
  ) {
    try {
      // The package's own `strftime_now` writes months in the language of the browser, and cannot be replaced from
      // outside. The newline goes with the block, so that the template begins at the beginning of a line.
      this.template = new Template(`{% set strftime_now = english_strftime %}\n${source.text}`);
    } catch (cause) {
      throw this.error(
        `The chat template cannot be read: ${messageOf(cause)}`,
        'Remove the chat template; plain text works without.',
        cause,
      );
    }
    this.environment = {
      tools: null,
      documents: null,
      english_strftime: (format: string) => strftime(format, new Date()),
      ...specialTokens,
    };
    this.contentAsParts = !this.writes('text') && this.writes('parts');
  }

  /** @throws ModelError where the template refuses the messages, e.g. because roles must alternate */
  render(messages: readonly ChatMessage[], { addGenerationPrompt }: RenderOptions): string {
    try {
      return this.rendered(messages, addGenerationPrompt, this.contentAsParts);
    } catch (cause) {
      throw this.error(
        `The chat template does not take these messages: ${messageOf(cause)}`,
        'Begin with a user, let user and assistant take turns, and leave the system message out; or write plain text.',
        cause,
      );
    }
  }

  /** What the template writes right behind an assistant's answer; null where it has no place for one. */
  afterAnswer(): string | null {
    const answer = 'ANSWER';
    try {
      const text = this.render(
        [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: answer },
        ],
        { addGenerationPrompt: false },
      );
      const at = text.lastIndexOf(answer);
      return at === -1 ? null : text.slice(at + answer.length);
    } catch {
      return null;
    }
  }

  /** Templates of vision models only read contents that are lists of parts; any other loses such a text. */
  private writes(form: 'text' | 'parts'): boolean {
    const content = 'CONTENT';
    try {
      return this.rendered([{ role: 'user', content }], true, form === 'parts').includes(content);
    } catch {
      return false;
    }
  }

  private rendered(messages: readonly ChatMessage[], addGenerationPrompt: boolean, asParts: boolean): string {
    return this.template.render({
      ...this.environment,
      messages: messages.map(({ role, content }) => ({
        role,
        content: asParts ? [{ type: 'text', text: content }] : content,
      })),
      add_generation_prompt: addGenerationPrompt,
    });
  }

  private error(message: string, hint: string, cause: unknown): ModelError {
    return new ModelError(message, { file: this.source.file, field: 'chat_template' }, hint, { cause });
  }
}

/**
 * A model's chat template, or null where it has none.
 * @param inFile chat_template.jinja, as newer models have it; goes before the template in the config
 */
export function chatTemplateOf(inFile: string | null, config: z.infer<typeof TemplateConfig>): ChatTemplate | null {
  if (inFile !== null) return new ChatTemplate({ file: 'chat_template.jinja', text: inFile }, specialTokens(config));
  const given = config.chat_template ?? null;
  const text = typeof given === 'string' ? given : given?.find(({ name }) => name === 'default')?.template;
  return text === undefined ? null : new ChatTemplate({ file: 'tokenizer_config.json', text }, specialTokens(config));
}

/** `bos_token`, `eos_token`, `image_token` … : whatever a template may write. */
function specialTokens(config: z.infer<typeof TemplateConfig>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([name, value]) => {
      const token = name.endsWith('_token') ? z.safeParse(SpecialToken, value) : null;
      const text = token?.success ? textOf(token.data) : null;
      return text === null ? [] : [[name, text]];
    }),
  );
}

export function textOf(token: z.infer<typeof SpecialToken>): string | null {
  if (token == null) return null;
  return typeof token === 'string' ? token : token.content;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
