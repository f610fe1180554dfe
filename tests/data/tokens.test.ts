import { describe, expect, it } from 'vitest';
import { type Example, encodePair, TextStream, type Tokenizer, tokeniseExamples, tokenPieces } from '../../src/data';
import { fableTokenizer } from '../models/fableTokenizer';
import { byteTokenizer as bytes, withoutChat } from './byteTokenizer';

const fable = fableTokenizer();

/** Merges `:` with the letter behind it, and begins texts with 1. */
const greedy: Tokenizer = {
  encode: (text, { continuation = false } = {}) => [
    ...(continuation ? [] : [1]),
    ...[...text.matchAll(/:\w|[\s\S]/g)].map(([token]) => [...token].reduce((id, c) => id * 1000 + c.charCodeAt(0), 0)),
  ],
  decode: (ids) => ids.join(),
  endTokenId: 2,
  ...withoutChat,
};

const example = (prompt: string, target: string): Example => ({ line: 1, prompt, target, label: null });

describe('tokenised examples', () => {
  it('are prompt, target with its leading space, and end token', () => {
    const { tokenised, problems, shortened } = tokeniseExamples([example('Label:', ' good')], fable, { maxTokens: 64 });
    const [row] = tokenised;
    expect(row?.tokenIds.slice(0, row.targetStart)).toEqual(fable.encode('Label:'));
    expect(row?.tokenIds.slice(row.targetStart).map((id) => fable.decode([id]))).toEqual([' good', '<|endoftext|>']);
    expect({ problems, shortened }).toEqual({ problems: [], shortened: [] });
  });

  it('end as the assistant does in the chat template where they are a conversation', () => {
    const chat: Tokenizer = { ...bytes, hasChatTemplate: true, turnEndTokenId: 301 };
    const messages: Example['messages'] = [{ role: 'user', content: 'a' }];
    const rows = [example('a', 'b'), { ...example('a', 'b'), messages }];
    const ends = (tokenizer: Tokenizer) =>
      tokeniseExamples(rows, tokenizer, { maxTokens: 64 }).tokenised.map(({ tokenIds }) => tokenIds.at(-1));
    expect(ends(chat)).toEqual([300, 301]);
    expect(ends({ ...chat, turnEndTokenId: null })).toEqual([300, 300]);
  });

  it('have the same prompt tokens as inference, also where a token would span the boundary', () => {
    expect(encodePair('a:', 'bc', greedy)).toEqual({ prompt: greedy.encode('a:'), target: [98, 99] });
    expect(encodePair('a: ', 'bc', greedy)).toEqual({ prompt: greedy.encode('a: '), target: [98, 99] });
  });

  it('lose the beginning of a prompt that is too long, and keep the target and the token that begins a text', () => {
    const { tokenised, problems, shortened } = tokeniseExamples([example('0123456789:', 'yes')], greedy, {
      maxTokens: 13,
    });
    const codes = (text: string) => [...text].map((c) => c.charCodeAt(0));
    expect(tokenised).toMatchObject([
      { line: 1, tokenIds: [1, ...codes('3456789:yes'), 2], targetStart: 9, label: null },
    ]);
    expect(shortened).toEqual([
      { kind: 'shortened', line: 1, reason: '16 tokens; the first 3 of the prompt were cut to fit 13' },
    ]);
    expect(problems).toEqual([]);
  });

  it('are skipped, with the reason, when the target leaves no room for a prompt', () => {
    const rows = [example('a long prompt', 'x'.repeat(20)), example('ab', 'x'.repeat(6))];
    const { tokenised, problems } = tokeniseExamples(rows, bytes, { maxTokens: 24 });
    expect(tokenised).toHaveLength(1);
    expect(problems).toEqual([
      { kind: 'too-long', line: 1, reason: 'the target alone is 21 tokens, which leaves no room for the prompt in 24' },
    ]);
  });

  it('never go over the limit', () => {
    for (let length = 0; length < 40; length++) {
      const rows = [example('p'.repeat(length), 'target')];
      for (const { tokenIds } of tokeniseExamples(rows, greedy, { maxTokens: 20 }).tokenised) {
        expect(tokenIds.length).toBeLessThanOrEqual(20);
      }
    }
  });

  it('supervise from the second token on where there is no prompt', () => {
    expect(tokeniseExamples([example('', 'abc')], bytes, { maxTokens: 20 }).tokenised[0]?.targetStart).toBe(1);
    expect(tokeniseExamples([example('', 'abc')], greedy, { maxTokens: 20 }).tokenised[0]?.targetStart).toBe(1);
  });
});

describe('the text of tokens', () => {
  const text = 'né €5 👩‍🚀 한국 — “so”';

  it('adds up to the whole, with a character on the token that completes it', () => {
    for (const tokenizer of [bytes, fable]) {
      const tokenIds = [...tokenizer.encode(text)];
      const pieces = tokenPieces({ tokenIds, targetStart: 3, cut: [] }, tokenizer);
      expect(pieces.map((piece) => piece.text).join('')).toBe(text);
      expect(pieces.every((piece) => !piece.text.includes('\uFFFD'))).toBe(true);
      expect(pieces.map(({ part }) => part)).toEqual(tokenIds.map((_, i) => (i >= 3 ? 'learned' : 'context')));
    }
    const e = tokenPieces({ tokenIds: bytes.encode('né€'), targetStart: 1, cut: [] }, bytes);
    expect(e.map((piece) => piece.text)).toEqual(['n', '', 'é', '', '', '€']);
  });

  it('keeps a leading space that the tokenizer would drop at the start of a text', () => {
    const words = ['', '▁the', '▁fox'];
    const metaspace: Tokenizer = {
      encode: () => [1, 2],
      decode: (ids) =>
        ids
          .map((id) => words[id])
          .join('')
          .replaceAll('▁', ' ')
          .replace(/^ /, ''),
      endTokenId: 0,
      ...withoutChat,
    };
    const stream = new TextStream(metaspace);
    expect([stream.push(1), stream.push(2), stream.end()]).toEqual(['the', ' fox', '']);
    const goesOn = new TextStream(metaspace, [1]);
    expect(goesOn.push(2)).toBe(' fox');
  });

  it('does not wait for bytes that never become a character', () => {
    const stream = new TextStream(bytes);
    const pieces = [0xff, 0xfe, 0xff, 0xff, 0x61].map((id) => stream.push(id));
    expect(pieces.join('') + stream.end()).toBe('\uFFFD\uFFFD\uFFFD\uFFFDa');
  });

  it('shows what was cut off where it stood, behind the token that begins the text', () => {
    const piecesOf = (tokenizer: Tokenizer) => {
      const [row] = tokeniseExamples([example('0123456789:', 'yes')], tokenizer, { maxTokens: 13 }).tokenised;
      return tokenPieces(row ?? expect.fail('there is no row'), tokenizer);
    };
    const parts = (tokenizer: Tokenizer) => piecesOf(tokenizer).map(({ part }) => part);
    const times = (count: number, part: string) => Array.from({ length: count }, () => part);
    expect(parts(bytes)).toEqual([...times(2, 'cut'), ...times(9, 'context'), ...times(4, 'learned')]);
    expect(parts(greedy)).toEqual(['context', ...times(3, 'cut'), ...times(8, 'context'), ...times(4, 'learned')]);
    const text = piecesOf(bytes).map((piece) => piece.text);
    expect(text.join('')).toBe('0123456789:yes');
  });

  it('shows what is left of a character at the end', () => {
    const pieces = tokenPieces({ tokenIds: [0x61, 0xe2, 0x82], targetStart: 1, cut: [] }, bytes);
    expect(pieces.map((piece) => piece.text)).toEqual(['a', '', '\uFFFD']);
  });
});
