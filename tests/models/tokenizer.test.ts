import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors';
import { createTokenizer, loadTokenizer, type ModelFiles } from '../../src/models';
import { fableText, fableTokenizer } from './fableTokenizer';
import { familyTokenizer, filesOf } from './familyTokenizer';

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

describe('the tokens that end an answer', () => {
  const names = (family: string, eosTokenIds: readonly number[]) => {
    const tokenizer = familyTokenizer(family, eosTokenIds);
    return tokenizer.endTokenIds.map((id) => tokenizer.decode([id]));
  };
  const id = (family: string, token: string) => familyTokenizer(family).encode(token, { continuation: true })[0] ?? -1;

  it("are the tokenizer's, first, and all of the config's", () => {
    const ids = ['<|end_of_text|>', '<|eom_id|>', '<|eot_id|>'].map((token) => id('llama3', token));
    expect(names('llama3', ids)).toEqual(['<|eot_id|>', '<|end_of_text|>', '<|eom_id|>']);
    expect(names('opt', [])).toEqual(['</s>']);
  });

  it('include the one with which the chat template ends a turn, where the config does not name it', () => {
    expect(names('gemma3', [])).toEqual(['<eos>', '<end_of_turn>']);
    expect(names('phi3', [])).toEqual(['<|endoftext|>', '<|end|>']);
    const base = createTokenizer({ ...filesOf('qwen3'), tokenizerConfig: '{"eos_token": "<|endoftext|>"}' });
    expect(base.endTokenIds.map((end) => base.decode([end]))).toEqual(['<|endoftext|>', '<|im_end|>']);
  });

  it('and the turns of a chat are told apart, where the template does', () => {
    const turnEnd = (family: string) => {
      const tokenizer = familyTokenizer(family);
      return tokenizer.turnEndTokenId === null ? null : tokenizer.decode([tokenizer.turnEndTokenId]);
    };
    const families = ['gemma3', 'phi3', 'qwen3', 'llama3', 'tinyllama', 'gpt2'];
    const ends = ['<end_of_turn>', '<|end|>', '<|im_end|>', '<|eot_id|>', '</s>', null];
    expect(families.map(turnEnd)).toEqual(ends);
    expect(tokenizer.turnEndTokenId).toBe(3);
  });

  it('are those of the config alone where the tokenizer names none', () => {
    expect(names('gpt2', [id('gpt2', '<|endoftext|>')])).toEqual(['<|endoftext|>']);
    expect(familyTokenizer('gpt2', [7, 9]).endTokenId).toBe(7);
  });
});

describe('ids and tokens out of the ordinary', () => {
  it('an id beyond the vocabulary, as models with a round number of logits have them, has no text', () => {
    for (const family of ['qwen3', 'phi3', 't5']) {
      const tokenizer = familyTokenizer(family);
      const ids = tokenizer.encode('a b', { continuation: true });
      expect(tokenizer.decode([...ids, tokenizer.vocabularySize + 5]), family).toBe('a b');
      expect(tokenizer.decode([tokenizer.vocabularySize + 5]), family).toBe('');
    }
  });

  it('a token may have the name of a property that every object has', () => {
    const json = '{"added_tokens": [], "model": {"type": "BPE", "vocab": {"__proto__": 0, "a": 1}, "merges": []}}';
    const tokenizer = createTokenizer({ tokenizerJson: json, tokenizerConfig: null, chatTemplate: null }, [0]);
    expect(tokenizer.vocabularySize).toBe(2);
    expect(tokenizer.decode([0, 1])).toBe('__proto__ a');
  });
});

describe('a tokenizer of whole words', () => {
  const json = (type: string) =>
    `{"pre_tokenizer": {"type": "WhitespaceSplit"}, "model": {"type": "${type}", "vocab": {"<unk>": 0, "one": 1, "two": 2}, "unk_token": "<unk>"}}`;

  it('gives the unknown token for other words, whatever the config says', () => {
    const config = '{"unk_token": "two", "do_lowercase_and_remove_accent": true}';
    const tokenizer = createTokenizer(
      { tokenizerJson: json('WordLevel'), tokenizerConfig: config, chatTemplate: null },
      [0],
    );
    expect(tokenizer.encode('two  three One one')).toEqual([2, 0, 0, 1]);
  });
});

describe('a conversation', () => {
  it('may begin with a system message and have any number of turns', () => {
    const prompt = familyTokenizer('qwen3').chatPrompt([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: 'Two.' },
      { role: 'user', content: 'Three?' },
    ]);
    expect(prompt.replaceAll('<|im_end|>\n', '').split('<|im_start|>')).toEqual([
      '',
      'system\nBe brief.',
      'user\nOne?',
      'assistant\nTwo.',
      'user\nThree?',
      'assistant\n',
    ]);
  });
});

/** A folder with these text files; files of other kinds can be opened, not read as text. */
function folder(texts: Readonly<Record<string, string>>, listed = Object.keys(texts)) {
  const asked: string[] = [];
  const files: ModelFiles = {
    name: 'm',
    onnxPath: 'model.onnx',
    entries: listed.map((path) => ({ path, bytes: null })),
    async open(path) {
      if (!(path in texts)) throw new ModelError(`${path} is missing.`);
      return { bytes: 1, chunks: new ReadableStream() };
    },
    async text(path) {
      asked.push(path);
      return texts[path] ?? null;
    },
  };
  return { files, asked };
}

describe('the folder of a tokenizer', () => {
  const { tokenizerJson, tokenizerConfig } = filesOf('smollm2');
  const base = { 'tokenizer.json': tokenizerJson, 'tokenizer_config.json': tokenizerConfig };
  const jinja = { 'chat_template.jinja': 'in a file' };

  it('is not asked for a second chat template that it does not list', async () => {
    const { files, asked } = folder(base);
    expect((await loadTokenizer(files, [])).chatPrompt('a')).toContain('SmolLM');
    expect(asked).toEqual(Object.keys(base));
  });

  it('may have its chat template in a file, listed or not', async () => {
    const listed = await loadTokenizer(folder({ ...base, ...jinja }).files, []);
    expect(listed.chatPrompt('a')).toBe('in a file');
    const config = '{"eos_token": "<|im_end|>", "chat_template": null}';
    const unlisted = await loadTokenizer(folder({ ...base, 'tokenizer_config.json': config, ...jinja }, []).files, []);
    expect(unlisted.chatPrompt('a')).toBe('in a file');
  });

  it('without tokenizer.json says so, and what to make it from', async () => {
    await expect(loadTokenizer(folder({}).files, [])).rejects.toThrow('tokenizer.json is missing.');
    const error = await loadTokenizer(folder({ 'tokenizer.model': '' }).files, []).catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      message: 'tokenizer.json is missing; there is only tokenizer.model.',
      hint: expect.stringContaining('save_pretrained'),
    });
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
