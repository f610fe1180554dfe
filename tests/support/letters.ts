/** A tokenizer whose tokens are characters, for models with random weights: `^` begins a text, `$` ends one. */
import type { Tokenizer } from '../../src/data';

export const letters: Tokenizer & { readonly endTokenIds: readonly number[] } = {
  encode: (text, { continuation = false } = {}) =>
    Array.from(continuation || text.startsWith('^') ? text : `^${text}`, (letter) => letter.charCodeAt(0)),
  decode: (ids) => String.fromCharCode(...ids),
  endTokenId: '$'.charCodeAt(0),
  endTokenIds: ['$'.charCodeAt(0)],
  turnEndTokenId: null,
  hasChatTemplate: true,
  chatPrompt(conversation) {
    const turns = typeof conversation === 'string' ? [{ role: 'user', content: conversation }] : conversation;
    return `^${turns.map(({ role, content }) => `<${role}>${content}`).join('')}<assistant>`;
  },
};
