import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  buildExamples,
  countValues,
  guessMapping,
  parseDataset,
  splitExamples,
  tokeniseExamples,
} from '../../src/data';
import { parseSamples } from '../../src/state/samples';
import { fableTokenizer } from '../models/fableTokenizer';

const read = (file: string) => readFileSync(new URL(`../../public/samples/${file}`, import.meta.url), 'utf8');
const samples = parseSamples(read('index.json'));
const tokenizer = fableTokenizer();

const expected: Readonly<Record<string, { inputs: string[]; target: string; template: string }>> = {
  sentiment: { inputs: ['text'], target: 'label', template: 'Text: {text}\nLabel: {label}' },
  persona: { inputs: ['question'], target: 'answer', template: 'Question: {question}\nAnswer: {answer}' },
  extraction: { inputs: ['sentence'], target: 'table', template: 'Sentence: {sentence}\nTable: {table}' },
};

function load(file: string) {
  const parsed = parseDataset(file, read(file));
  const mapping = guessMapping(parsed);
  return { parsed, mapping, ...buildExamples(parsed, mapping, tokenizer) };
}

it('there are three samples, described in the index', () => {
  expect(samples.map(({ name }) => name)).toEqual(Object.keys(expected));
});

describe.each(samples)('the sample $name', ({ name, file, task, initText, description }) => {
  const { parsed, mapping, examples, problems } = load(file);

  it('has more than 240 rows, as many as its description says, and no problems', () => {
    expect([...parsed.problems, ...problems]).toEqual([]);
    expect(examples.length).toBeGreaterThanOrEqual(240);
    expect(description).toContain(`${examples.length} `);
  });

  it('is mapped as it is meant', () => {
    expect(mapping).toEqual({ ...expected[name], task });
  });

  it('has no input twice, whatever the case and the punctuation', () => {
    const plain = examples.map(({ prompt }) => prompt.toLowerCase().replace(/[^a-z]+/g, ' '));
    expect(countValues(plain).filter(({ count }) => count > 1)).toEqual([]);
  });

  it('has varied wording: no beginning of four words in more than one row of twenty', () => {
    const column = mapping.inputs[0] ?? expect.fail('no input');
    const beginnings = parsed.rows.map(({ cells }) => (cells[column] ?? '').split(' ').slice(0, 4).join(' '));
    const most = countValues(beginnings)[0] ?? expect.fail('no rows');
    expect(most.count, most.label).toBeLessThanOrEqual(examples.length / 20);
  });

  it('holds plain ASCII text without stray spaces', () => {
    for (const { cells, line } of parsed.rows) {
      for (const cell of Object.values(cells)) {
        expect(cell, `line ${line}`).toMatch(/^[\x21-\x7E](?:[\x20-\x7E]*[\x21-\x7E])?$/);
        expect(cell, `line ${line}`).not.toMatch(/ {2}| [,.;!?]/);
      }
    }
  });

  it('has rows of at most 60 tokens, and an initial text of at least 16', () => {
    const { tokenised, shortened } = tokeniseExamples(examples, tokenizer, { maxTokens: 60 });
    expect(tokenised).toHaveLength(examples.length);
    expect(shortened).toEqual([]);
    expect(tokenizer.encode(initText ?? '').length).toBeGreaterThanOrEqual(16);
  });

  it('can be split', () => {
    const { tokenised } = tokeniseExamples(examples, tokenizer, { maxTokens: 60 });
    expect(splitExamples(tokenised).validation).toHaveLength(Math.round(examples.length / 10));
  });
});

describe('the labels of the sentiment sample', () => {
  const { examples } = load('sentiment.jsonl');

  it('are balanced, in all and among the rows held out', () => {
    expect(countValues(examples.map(({ label }) => label ?? '')).map(({ count }) => count)).toEqual([128, 128]);
    const { tokenised } = tokeniseExamples(examples, tokenizer, { maxTokens: 60 });
    const counts = countValues(splitExamples(tokenised).validation.map(({ label }) => label ?? ''));
    expect(counts.map(({ count }) => count)).toEqual([13, 13]);
  });

  it('are one token each, in no order', () => {
    for (const label of [' good', ' bad']) expect(tokenizer.encode(label)).toHaveLength(1);
    const labels = examples.map(({ label }) => label);
    const changes = labels.filter((label, i) => i > 0 && label !== labels[i - 1]).length;
    expect(changes).toBeGreaterThan(90);
  });
});

it('the cells of the extraction sample are parts of their sentence', () => {
  for (const { cells, line } of parseDataset('extraction.csv', read('extraction.csv')).rows) {
    const sentence = (cells.sentence ?? '').toLowerCase();
    const parts = (cells.table ?? '').split('; ');
    expect(parts, `line ${line}`).toHaveLength(3);
    for (const part of parts) expect(sentence, `line ${line}`).toContain(part.toLowerCase());
  }
});
