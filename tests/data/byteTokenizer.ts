/** A tokenizer without a chat template, for tests that count. */
import { expect } from 'vitest';
import type { Tokenizer } from '../../src/data';

export const withoutChat = {
  turnEndTokenId: null,
  hasChatTemplate: false,
  chatPrompt: () => expect.fail('there is no chat template'),
};

/** One token per UTF-8 byte, so that every character of several bytes is several tokens. */
export const byteTokenizer: Tokenizer = {
  encode: (text) => [...new TextEncoder().encode(text)],
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids.filter((id) => id < 256))),
  endTokenId: 300,
  ...withoutChat,
};
