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

  it('has varied wording: targets that all differ or, of one text, no beginning of four words in more than one row of twenty', () => {
    const [text, ...more] = changing;
    const column = more.length > 0 ? mapping.target : (text ?? expect.fail('no input'));
    const wordings = parsed.rows.map(({ cells }) => cells[column] ?? '');
    const alike = more.length > 0 ? wordings : wordings.map((wording) => wording.split(' ').slice(0, 4).join(' '));
    const most = countValues(alike)[0] ?? expect.fail('no rows');
    expect(most.count, most.label).toBeLessThanOrEqual(more.length > 0 ? 1 : examples.length / 20);
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
  const types = ['person', 'thing', 'place'];
  const entities = parsed.rows.map(({ cells, line }) => {
    const found = (cells.entities ?? '').split('; ').map((entity) => entity.split(': '));
    return { line, sentence: (cells.sentence ?? '').toLowerCase(), found };
  });

  it('names two or three entities of the sentence, each of another type, person before thing before place', () => {
    for (const { line, sentence, found } of entities) {
      expect([2, 3], `line ${line}`).toContain(found.length);
      const kinds = found.map(([type]) => type ?? '');
      expect(kinds, `line ${line}`).toEqual(types.filter((type) => kinds.includes(type)));
      for (const [, value = ''] of found) expect(sentence, `line ${line}`).toMatch(new RegExp(`\\b${value}\\b`));
    }
  });

  it('leaves none of its words out that stands in the sentence', () => {
    const words = new Set(entities.flatMap(({ found }) => found.map(([, value = '']) => value)));
    for (const { line, sentence, found } of entities) {
      const inSentence = [...words].filter((word) => new RegExp(`\\b${word}\\b`).test(sentence));
      expect(found.map(([, value]) => value).sort(), `line ${line}`).toEqual(inSentence.sort());
    }
  });

  it('asks for few words of one token each, each often enough to learn it', () => {
    const values = countValues(entities.flatMap(({ found }) => found.map((entity) => entity.join(': '))));
    expect(values).toHaveLength(18);
    for (const { label, count } of values) {
      expect(count, label).toBeGreaterThanOrEqual(30);
      const word = label.replace(/^\w+: the /, ' ');
      expect(tokenizer.encode(word, { continuation: true }), label).toHaveLength(1);
    }
  });

  it('has each type, each pair of types and all three often enough to learn it', () => {
    const combinations = countValues(entities.map(({ found }) => found.map(([type]) => type).join(', ')));
    expect(combinations).toHaveLength(4);
    for (const { label, count } of combinations) expect(count, label).toBeGreaterThanOrEqual(40);
  });
});

describe('the table-to-text sample', () => {
  const { parsed, mapping } = named('table-to-text');

  it('has every cell in its sentence', () => {
    for (const { cells, line } of parsed.rows) {
      for (const column of mapping.inputs) expect(cells.summary, `line ${line}`).toContain(cells[column] ?? '');
    }
  });

  it('has few different cells of one token each, each often enough to learn it', () => {
    for (const column of mapping.inputs) {
      const values = countValues(parsed.rows.map(({ cells }) => cells[column] ?? ''));
      expect(values, column).toHaveLength(6);
      for (const { label, count } of values) {
        expect(count, label).toBeGreaterThanOrEqual(35);
        const word = ` ${label.replace(/^the /, '')}`;
        expect(tokenizer.encode(word, { continuation: true }), label).toHaveLength(1);
      }
    }
  });

  it('has one sentence for each job, with the other cells in it', () => {
    const patterns = parsed.rows.map(({ cells }) => {
      const summary = cells.summary ?? '';
      const open = ['name', 'place', 'likes'].reduce(
        (text, column) => text.replace(cells[column] ?? '', `{${column}}`),
        summary,
      );
      return `${cells.job}: ${open}`;
    });
    expect(countValues(patterns)).toHaveLength(6);
  });
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
