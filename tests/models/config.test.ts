import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors';
import { parseModelConfig } from '../../src/models';
import { fixtureNames } from '../support/onnxFiles';
import { fableText } from './fableTokenizer';

const fixtures = new URL('../fixtures/', import.meta.url);
const base = {
  model_type: 'llama',
  num_hidden_layers: 2,
  num_attention_heads: 4,
  hidden_size: 64,
  vocab_size: 100,
};
const parse = (fields: Record<string, unknown>) => parseModelConfig(JSON.stringify({ ...base, ...fields }));

describe('the config of a model', () => {
  it('is read for the bundled model, with the end tokens of generation_config.json', () => {
    expect(parseModelConfig(fableText('config.json'), fableText('generation_config.json'))).toEqual({
      modelType: 'llama',
      layers: 8,
      heads: 8,
      kvHeads: 4,
      headDim: 32,
      hidden: 256,
      embeddingMultiplier: 1,
      vocabSize: 4096,
      contextLength: 512,
      bosTokenId: 0,
      eosTokenIds: [0, 3],
    });
  });

  it.each(fixtureNames)('agrees with what the golden file of %s says', (name) => {
    const read = (file: string) => readFileSync(new URL(`${name}/${file}`, fixtures), 'utf8');
    const golden = JSON.parse(read('case.json'));
    const config = parseModelConfig(read('config.json'));
    expect(config).toMatchObject({
      layers: golden.layers,
      heads: golden.heads,
      kvHeads: golden.kv_heads,
      headDim: golden.head_dim,
      hidden: golden.hidden,
      vocabSize: golden.vocab,
    });
  });

  it('has the defaults and the older names that transformers has', () => {
    expect(parse({})).toMatchObject({
      kvHeads: 4,
      headDim: 16,
      contextLength: 2048,
      eosTokenIds: [],
      bosTokenId: null,
    });
    expect(parse({ model_type: 'qwen3' }).headDim).toBe(128);
    const gpt2 = {
      model_type: 'gpt2',
      n_layer: 3,
      n_head: 2,
      n_embd: 8,
      n_positions: 64,
      vocab_size: 9,
      eos_token_id: 5,
    };
    expect(parseModelConfig(JSON.stringify(gpt2))).toMatchObject({
      layers: 3,
      heads: 2,
      kvHeads: 2,
      headDim: 4,
      contextLength: 64,
      eosTokenIds: [5],
    });
    expect(parseModelConfig(JSON.stringify({ model_type: 'gemma3', text_config: base })).layers).toBe(2);
  });

  it.each([
    [{ num_hidden_layers: null }, 'num_hidden_layers'],
    [{ num_hidden_layers: -1 }, 'num_hidden_layers'],
    [{ vocab_size: '4096' }, 'vocab_size'],
    [{ hidden_size: 2.5 }, 'hidden_size'],
    [{ hidden_size: 66 }, 'num_attention_heads'],
    [{ num_key_value_heads: 3 }, 'num_key_value_heads'],
    [{ max_position_embeddings: 0 }, 'max_position_embeddings'],
    [{ eos_token_id: 'end' }, 'eos_token_id'],
  ])('(%j) is refused with the field', (fields, field) => {
    expect(() => parse(fields)).toThrow(ModelError);
    expect(() => parse(fields)).toThrow(expect.objectContaining({ where: { file: 'config.json', field } }));
  });

  it.each([
    ['<html>', /missing: there is a web page/],
    ['{', /not valid JSON/],
    ['[]', /not an object/],
  ])('(%s) is refused when it is no config', (text, message) => {
    expect(() => parseModelConfig(text)).toThrow(message);
  });
});
