/**
 * Our tokenizer against Hugging Face's `tokenizers` and `transformers`, for the pipeline of every family of decoders on
 * the hub. The vocabularies are small, but have merges over every place at which a pipeline cuts. See tools/tokenizers.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod/mini';
import { TextStream } from '../../src/data';
import { chatTemplateOf, TemplateConfig } from '../../src/models/chatTemplate';
import { expectedOf, families, familyTokenizer, filesOf } from './familyTokenizer';

describe.each(families)('the tokenizer of %s', (family) => {
  const tokenizer = familyTokenizer(family);
  const { around, encodings } = expectedOf(family);

  it('gives the ids of the tokenizers library', () => {
    const ours = encodings.map(({ text }) => ({ text, ids: tokenizer.encode(text, { continuation: true }) }));
    expect(ours).toEqual(encodings.map(({ text, ids }) => ({ text, ids })));
  });

  it('gives back the text of the tokenizers library', () => {
    const ours = encodings.map(({ ids }) => tokenizer.decode(ids));
    expect(ours).toEqual(encodings.map(({ text, decoded = text }) => decoded));
  });

  it('begins texts as the library does, and leaves the end to whoever trains', () => {
    const texts = encodings.filter(({ ids }) => around.before.length === 0 || ids[0] !== around.before[0]);
    const ours = texts.map(({ text }) => tokenizer.encode(text));
    expect(ours).toEqual(texts.map(({ ids }) => [...around.before, ...ids]));
  });

  it('streams the same text token by token', () => {
    const streamed = encodings.map(({ ids }) => {
      const stream = new TextStream(tokenizer);
      return ids.map((id) => stream.push(id)).join('') + stream.end();
    });
    expect(streamed).toEqual(encodings.map(({ text, decoded = text }) => decoded));
  });
});

const chatting = families.filter((family) => expectedOf(family).chats.length > 0);

describe.each(chatting)('the chat template of %s', (family) => {
  const { chatTemplate, tokenizerConfig } = filesOf(family);
  const template = chatTemplateOf(chatTemplate, z.parse(TemplateConfig, JSON.parse(tokenizerConfig)));
  const { chats } = expectedOf(family);

  // Some templates write the date.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: new Date(2025, 6, 4, 12) }));
  afterEach(() => void vi.useRealTimers());

  it.each(chats)('writes $name as transformers does', ({ messages, generate, prompt, refused }) => {
    const render = () => template?.render(messages, { addGenerationPrompt: generate });
    if (refused === undefined) expect(render()).toBe(prompt);
    else expect(render).toThrow(refused);
  });
});
