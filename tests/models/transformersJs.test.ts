/**
 * Our tokenizer against the whole of Transformers.js, whose tokenizer core we use without the rest: same ids, same text,
 * same chat prompt.
 */
import { readFileSync } from 'node:fs';
import { PreTrainedTokenizer } from '@xenova/transformers';
import { describe, expect, test } from 'vitest';
import { fableTokenizer } from './fableTokenizer';

const folder = 'public/models/fable-7m';
const json = (file: string) => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'));
const theirs = new PreTrainedTokenizer(json('tokenizer.json'), json('tokenizer_config.json'));
const ours = fableTokenizer();

const texts = [
  'The wolf ran into the forest and',
  ' leading space, trailing space ',
  'Numbers 1234567890 and a line\nbreak\n\n\ttab',
  'Ünïcödé, 日本語, emoji 🦊🐺 and e\u0301',
  "Don't, they're, I'll — it's “quoted”…",
  '<|im_start|>user\nHello<|im_end|>',
];

describe('the tokenizer agrees with Transformers.js', () => {
  test.each(texts)('on %j', (text) => {
    const ids = theirs.encode(text, { add_special_tokens: false });
    expect(ours.encode(text)).toEqual(ids);
    expect(ours.decode(ids)).toBe(
      theirs.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
    );
  });

  test('on the chat template', () => {
    const messages = [{ role: 'user', content: 'Tell me a story.' }];
    const prompt = theirs.apply_chat_template(messages, { tokenize: false, add_generation_prompt: true });
    expect(ours.chatPrompt('Tell me a story.')).toBe(prompt);
  });
});
