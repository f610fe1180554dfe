import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors';
import { createTokenizer } from '../../src/models';
import { fableText, fableTokenizer } from './fableTokenizer';

const tokenizer = fableTokenizer();

/** A small WordPiece-free tokenizer whose post-processor adds `<s>` in front and `</s>` behind. */
function withBos() {
  const vocab = { '<s>': 0, '</s>': 1, a: 2, b: 3, c: 4 };
  const special = (content: string, id: number) => ({
    id,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  });
  const tokenizerJson = JSON.stringify({
    version: '1.0',
    added_tokens: [special('<s>', 0), special('</s>', 1)],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '<s>', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '</s>', type_id: 0 } },
      ],
      pair: [],
      special_tokens: {
        '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] },
        '</s>': { id: '</s>', ids: [1], tokens: ['</s>'] },
      },
    },
    decoder: { type: 'Fuse' },
    model: { type: 'BPE', vocab, merges: [], unk_token: null, byte_fallback: false, fuse_unk: false },
  });
  const tokenizerConfig = JSON.stringify({ bos_token: { content: '<s>' }, eos_token: '</s>' });
  return createTokenizer({ tokenizerJson, tokenizerConfig, chatTemplate: '{{ bos_token }}{{ messages[0].content }}' });
}

describe('the bundled tokenizer', () => {
  it.each([
    'Once upon a time there was a little girl who',
    '  two spaces, a\ttab and\n\nblank lines \n',
    'naïve café, 한국어, 中文, русский, ’quotes’ and 👩‍🚀🏳️‍🌈',
    'he said: "It\'s 12.50!"',
    '\u0000\u0007\uFFFD',
  ])('gives back %j', (text) => {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('splits numbers into single digits', () => {
    const pieces = (text: string) => tokenizer.encode(text).map((id) => tokenizer.decode([id]));
    expect(pieces('2048')).toEqual(['2', '0', '4', '8']);
    expect(pieces('x 17')).toEqual(['x', ' ', '1', '7']);
  });

  it('reads special tokens in the text as one token and adds none', () => {
    expect(tokenizer.encode('<|im_start|>a<|im_end|>')).toEqual([2, ...tokenizer.encode('a'), 3]);
    expect(tokenizer.decode([2, 3, 0])).toBe('<|im_start|><|im_end|><|endoftext|>');
    expect(tokenizer.encode('')).toEqual([]);
    expect(tokenizer.decode([])).toBe('');
  });

  it('ends an answer with its own end token, and knows those of the config', () => {
    expect(tokenizer.endTokenId).toBe(0);
    expect(tokenizer.endTokenIds).toEqual([0, 3]);
    expect(tokenizer.vocabularySize).toBe(4096);
  });

  it('writes a turn of a chat', () => {
    expect(tokenizer.hasChatTemplate).toBe(true);
    expect(tokenizer.chatPrompt('Who?')).toBe('<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n');
  });
});

describe('a tokenizer that begins texts by itself', () => {
  it('puts its token in front, none behind, and none where a text goes on', () => {
    expect(withBos().encode('ab')).toEqual([0, 2, 3]);
    expect(withBos().encode('')).toEqual([0]);
    expect(withBos().encode('ab', { continuation: true })).toEqual([2, 3]);
  });

  it('does not begin twice where the chat template has begun', () => {
    expect(withBos().chatPrompt('ab')).toBe('<s>ab');
    expect(withBos().encode(withBos().chatPrompt('ab'))).toEqual([0, 2, 3]);
  });
});

describe('tokenizer files that cannot be used', () => {
  const good = {
    tokenizerJson: fableText('tokenizer.json'),
    tokenizerConfig: '{"eos_token": "<|endoftext|>"}',
    chatTemplate: null,
  };
  it.each([
    ['a web page', { ...good, tokenizerJson: '<!doctype html>' }, /tokenizer.json is missing: there is a web page/],
    ['half a file', { ...good, tokenizerJson: good.tokenizerJson.slice(0, 1000) }, /not valid JSON/],
    ['another JSON', { ...good, tokenizerJson: '{"model": {}}' }, /not the file of a tokenizer: look at "model.vocab"/],
    [
      'an unknown kind',
      { ...good, tokenizerJson: '{"model": {"type": "Rune", "vocab": {}}, "added_tokens": []}' },
      /cannot be read/,
    ],
    ['no end token', { ...good, tokenizerConfig: null }, /names a token that ends a text/],
    ['a broken chat template', { ...good, chatTemplate: '{% for %}' }, /chat template cannot be read/],
  ])('(%s) say why', (_, files, message) => {
    expect(() => createTokenizer(files)).toThrow(ModelError);
    expect(() => createTokenizer(files)).toThrow(message);
  });

  it('do without a chat template', () => {
    const plain = createTokenizer(good);
    expect(plain.hasChatTemplate).toBe(false);
    expect(() => plain.chatPrompt('a')).toThrow(/no chat template/);
  });
});
