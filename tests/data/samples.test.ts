import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  buildExamples,
  countValues,
  parseDataset,
  resolveMapping,
  splitExamples,
  tokeniseExamples,
} from '../../src/data';
import { parseSamples, type Sample, sampleMapping } from '../../src/state/samples';
import { fableTokenizer } from '../models/fableTokenizer';

const read = (file: string) => readFileSync(new URL(`../../public/samples/${file}`, import.meta.url), 'utf8');
const samples = parseSamples(read('index.json'));
const tokenizer = fableTokenizer();

const expected: Readonly<Record<string, { inputs: string[]; target: string; template: string }>> = {
  sentiment: { inputs: ['text'], target: 'label', template: 'Text: {text}\nLabel: {label}' },
  intent: { inputs: ['text'], target: 'intent', template: 'Text: {text}\nIntent: {intent}' },
  entities: { inputs: ['sentence'], target: 'entities', template: 'Sentence: {sentence}\nEntities: {entities}' },
  persona: { inputs: ['prompt'], target: 'response', template: 'Prompt: {prompt}\nResponse: {response}' },
  'table-to-text': {
    inputs: ['name', 'job', 'place', 'likes'],
    target: 'summary',
    template: 'Name: {name}\nJob: {job}\nPlace: {place}\nLikes: {likes}\nSummary: {summary}',
  },
  style: {
    inputs: ['instruction', 'input'],
    target: 'output',
    template: 'Instruction: {instruction}\nInput: {input}\nOutput: {output}',
  },
};

/** Rows of one kind do not stand together: how often the next row is of another kind. */
function changesIn(kinds: readonly (string | null)[]): number {
  return kinds.filter((kind, i) => i > 0 && kind !== kinds[i - 1]).length;
}

/** As the page reads a sample. */
function load(sample: Sample) {
  const parsed = parseDataset(sample.file, read(sample.file));
  const mapping = resolveMapping(parsed, sampleMapping(sample));
  const { examples, problems } = buildExamples(parsed, mapping, tokenizer);
  const { tokenised, shortened } = tokeniseExamples(examples, tokenizer, { maxTokens: 60 });
  return { parsed, mapping, examples, tokenised, shortened, problems: [...parsed.problems, ...problems] };
}

const named = (name: string) =>
  load(samples.find((sample) => sample.name === name) ?? expect.fail(`no sample ${name}`));

it('there are six samples, with every task and in every shape', () => {
  expect(samples.map(({ name }) => name)).toEqual(Object.keys(expected));
  expect(new Set(samples.map(({ task }) => task)).size).toBe(4);
  expect(new Set(samples.map(({ file }) => file.split('.').at(-1)))).toEqual(new Set(['jsonl', 'json', 'csv', 'tsv']));
});

describe.each(samples)('the sample $name', (sample) => {
  const { parsed, mapping, examples, problems, tokenised, shortened } = load(sample);
  const changing = mapping.inputs.filter((column) => column !== 'instruction');

  it('has 240 to 1000 rows, as many as its card says, and no problems', () => {
    expect(problems).toEqual([]);
    expect(examples.length).toBeGreaterThanOrEqual(240);
    expect(examples.length).toBeLessThanOrEqual(1000);
    expect(sample.rows).toBe(examples.length);
    expect(sample.description).toContain(`${examples.length} `);
  });

  it('says who wrote it and who may use it', () => {
    expect(sample.source).toContain('Prelude');
    expect(sample.licence).toBe('CC0 1.0');
    expect(read('README.md')).toContain(`\`${sample.file}\``);
  });

  it('is mapped as it is meant', () => {
    expect(mapping).toMatchObject({ ...expected[sample.name], task: sample.task });
  });

  it('has no input twice, whatever the case and the punctuation', () => {
    const plain = parsed.rows.map(({ cells }) =>
      changing
        .map((column) =>
          (cells[column] ?? '')
            .toLowerCase()
            .replace(/[^a-z]+/g, ' ')
            .trim(),
        )
        .join('|'),
    );
    expect(countValues(plain).filter(({ count }) => count > 1)).toEqual([]);
  });

  it('has varied wording: no beginning of four words in more than one row of twenty', () => {
    const column = changing.length > 1 ? mapping.target : (changing[0] ?? expect.fail('no input'));
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
    expect(tokenised).toHaveLength(examples.length);
    expect(shortened).toEqual([]);
    expect(tokenizer.encode(sample.initText ?? '').length).toBeGreaterThanOrEqual(16);
  });

  it('can be split', () => {
    expect(splitExamples(tokenised).validation).toHaveLength(Math.round(examples.length / 10));
  });
});

describe.each(samples.filter(({ labels }) => labels !== undefined))('the labels of the sample $name', (sample) => {
  const { examples, tokenised } = load(sample);
  const labels = sample.labels ?? [];
  const countsOf = (rows: readonly { readonly label: string | null }[]) =>
    countValues(rows.map(({ label }) => label ?? ''));

  it('are those of its card, equally frequent in all and among the rows held out', () => {
    const counted = countsOf(examples);
    expect(counted.map(({ label }) => label).sort()).toEqual([...labels].sort());
    expect(new Set(counted.map(({ count }) => count)).size).toBe(1);
    const held = countsOf(splitExamples(tokenised).validation).map(({ count }) => count);
    expect(held).toHaveLength(labels.length);
    expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1);
  });

  it('stand in no order', () => {
    expect(changesIn(examples.map(({ label }) => label))).toBeGreaterThan(examples.length / 3);
  });

  it('are one token each, no two the same', () => {
    const tokens = labels.map((label) => tokenizer.encode(` ${label}`, { continuation: true }));
    for (const ids of tokens) expect(ids).toHaveLength(1);
    expect(new Set(tokens.flat()).size).toBe(labels.length);
  });
});

describe('the entities sample', () => {
  const { parsed } = named('entities');
  const entities = parsed.rows.map(({ cells, line }) => {
    const target = cells.entities ?? '';
    const found = target === 'none' ? [] : target.split('; ').map((entity) => entity.split(': '));
    return { line, sentence: cells.sentence ?? '', found };
  });

  it('names up to three entities of the three types, in the order in which they stand in the sentence', () => {
    for (const { line, sentence, found } of entities) {
      expect(found.length, `line ${line}`).toBeLessThanOrEqual(3);
      let end = 0;
      for (const [type, value = ''] of found) {
        expect(['person', 'thing', 'place'], `line ${line}`).toContain(type);
        const at = sentence.indexOf(value, end);
        expect(at, `line ${line}: ${value}`).toBeGreaterThanOrEqual(end);
        end = at + value.length;
      }
    }
  });

  it('asks for words of one token each', () => {
    for (const { line, found } of entities) {
      for (const word of found.flatMap(([, value = '']) => value.split(' '))) {
        expect(tokenizer.encode(` ${word}`, { continuation: true }), `line ${line}: ${word}`).toHaveLength(1);
      }
    }
  });

  it('has each type and each number of entities often enough to learn it', () => {
    const types = countValues(entities.flatMap(({ found }) => found.map(([type]) => type ?? '')));
    expect(types).toHaveLength(3);
    for (const { label, count } of types) expect(count, label).toBeGreaterThanOrEqual(100);
    const numbers = countValues(entities.map(({ found }) => String(found.length)));
    expect(numbers).toHaveLength(4);
    for (const { label, count } of numbers) expect(count, `${label} entities`).toBeGreaterThanOrEqual(40);
  });
});

it('every cell of the table-to-text sample is in its sentence', () => {
  const { parsed, mapping } = named('table-to-text');
  for (const { cells, line } of parsed.rows) {
    const sentence = (cells.summary ?? '').toLowerCase();
    for (const column of mapping.inputs)
      expect(sentence, `line ${line}`).toContain((cells[column] ?? '').toLowerCase());
  }
});

it('every voice of the style sample keeps its habits, and the voices take turns', () => {
  const habits: Readonly<Record<string, RegExp>> = {
    'Talk like a pirate.': /^(Arr, .*, matey\.|Ahoy! .*\?)$/,
    'Speak like a king.': /^Hear us! (?!.*\b(I|me|my|mine|you|your)\b)/,
    'Tell it like an old tale.': /^Long ago, my dears, .*, and that is true\.$/,
  };
  const { parsed } = named('style');
  for (const { cells, line } of parsed.rows) {
    expect(cells.output, `line ${line}`).toMatch(habits[cells.instruction ?? ''] ?? expect.fail(`line ${line}`));
  }
  const voices = parsed.rows.map(({ cells }) => cells.instruction ?? '');
  for (const { label, count } of countValues(voices)) expect(count, label).toBeGreaterThanOrEqual(80);
  expect(changesIn(voices)).toBeGreaterThan(voices.length / 3);
});
