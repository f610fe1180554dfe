import { describe, expect, it } from 'vitest';
import {
  buildExamples,
  guessMapping,
  type ParsedDataset,
  parseDataset,
  promptOf,
  resolveMapping,
} from '../../src/data';
import { DataError } from '../../src/errors';
import { fableTokenizer } from '../models/fableTokenizer';

const fable = fableTokenizer();

/** A dataset with these columns; each value is repeated over the rows in turn, `#` becomes the row's number. */
function dataset(columns: Record<string, readonly string[]>, rows = 12): ParsedDataset {
  const lines = Array.from({ length: rows }, (_, row) =>
    JSON.stringify(
      Object.fromEntries(
        Object.entries(columns).map(([name, values]) => [
          name,
          (values[row % values.length] ?? '').replace('#', String(row)),
        ]),
      ),
    ),
  );
  return parseDataset('data.jsonl', lines.join('\n'));
}

const sentiment = dataset({ text: ['It was fine #'], label: ['good', 'bad'] });

describe('the guessed mapping', () => {
  it('finds labels by name and trains on the words, with a template of the names', () => {
    expect(guessMapping(sentiment)).toEqual({
      system: null,
      inputs: ['text'],
      target: 'label',
      kind: 'plain',
      template: 'Text: {text}\nLabel: {label}',
      task: 'classification',
      words: {},
    });
  });

  it.each([
    [
      'label_text before label',
      { text: ['a #'], label: ['0', '1'], label_text: ['no', 'yes'] },
      ['text'],
      'label_text',
    ],
    [
      'instructions',
      { instruction: ['Do #'], input: ['', 'x'], output: ['done #'] },
      ['instruction', 'input'],
      'output',
    ],
    ['questions', { id: ['#'], question: ['why #'], answer: ['so #'] }, ['question'], 'answer'],
    [
      'answers about a context',
      { context: ['c #'], question: ['q #'], 'answers.text': ['a #'] },
      ['context', 'question'],
      'answers.text',
    ],
    ['camel case', { reviewText: ['long words here #'], Sentiment: ['good', 'bad'] }, ['reviewText'], 'Sentiment'],
    ['chats', { prompt: ['p #'], response: ['r #'] }, ['prompt'], 'response'],
    ['labels without a name', { kind: ['x', 'y'], note: ['a long note #'] }, ['note'], 'kind'],
    ['the last column otherwise', { en: ['sea #'], fr: ['mer #'] }, ['en'], 'fr'],
    ['a named input beside it', { text: ['a #'], mood: ['up', 'down'] }, ['text'], 'mood'],
    ['no input at all', { text: ['Once #'] }, [], 'text'],
    ['columns that are empty', { text: ['a #'], label: [''], verdict: ['x', 'y'] }, ['text'], 'verdict'],
  ])('knows %s', (_, columns, inputs, target) => {
    expect(guessMapping(dataset(columns))).toMatchObject({ inputs, target });
  });

  it('writes one line for each input, in title case', () => {
    const mapping = guessMapping(dataset({ sentence1: ['a #'], sentence2: ['b #'], label_text: ['same', 'other'] }));
    expect(mapping.template).toBe('Sentence1: {sentence1}\nSentence2: {sentence2}\nLabel Text: {label_text}');
    expect(guessMapping(dataset({ text: ['Once #'] })).template).toBe('{text}');
  });

  it.each([
    ['two labels', ['good', 'bad'], 12, 'classification'],
    ['twenty labels', Array.from({ length: 20 }, (_, i) => `l${i}`), 40, 'classification'],
    ['twenty-one labels', Array.from({ length: 21 }, (_, i) => `l${i}`), 42, 'generation'],
    ['one label', ['good'], 12, 'generation'],
    ['answers that are all different', ['answer #'], 12, 'generation'],
    ['labels that come once', ['a', 'b', 'c', 'd'], 4, 'generation'],
    ['long answers that repeat', ['x'.repeat(60), 'y'.repeat(60)], 12, 'generation'],
    [
      'one slip of the pen in many',
      [...Array.from({ length: 199 }, (_, i) => (i % 2 ? 'a' : 'b')), 'bb'],
      200,
      'classification',
    ],
  ])('takes %s as the right task', (_, label, rows, task) => {
    expect(guessMapping(dataset({ text: ['t #'], label }, rows)).task).toBe(task);
  });

  it('is an error where all columns are empty', () => {
    expect(() => guessMapping(dataset({ text: [''], label: [''] }))).toThrow(/no column that could be the target/);
  });
});

describe('a mapping that a person changes', () => {
  const qa = dataset({ question: ['q #'], hint: ['h #'], answer: ['a #'], label: ['x', 'y'] });

  it('is completed with guesses', () => {
    expect(resolveMapping(qa, { target: 'answer' })).toMatchObject({
      inputs: ['question'],
      target: 'answer',
      template: 'Question: {question}\nAnswer: {answer}',
      task: 'generation',
    });
    expect(resolveMapping(qa, { inputs: ['hint', 'question'] }).template).toBe(
      'Hint: {hint}\nQuestion: {question}\nLabel: {label}',
    );
    expect(resolveMapping(qa, { inputs: ['label'] }).target).toBe('answer');
    expect(resolveMapping(qa, { task: 'generation' }).task).toBe('generation');
  });

  it('may be a template alone, whose last column is the target', () => {
    expect(resolveMapping(qa, { template: 'Q: {question} ({hint})\nA: {answer}' })).toEqual({
      system: null,
      inputs: ['question', 'hint'],
      target: 'answer',
      kind: 'own',
      template: 'Q: {question} ({hint})\nA: {answer}',
      task: 'generation',
      words: {},
    });
  });

  it('loses what the template has after the target', () => {
    expect(resolveMapping(qa, { template: '{question} is {answer}. The end' }).template).toBe('{question} is {answer}');
  });

  it('may show JSON in its template', () => {
    const template = '{"q": "{question}", "n": {}} {answer}';
    expect(resolveMapping(qa, { template }).inputs).toEqual(['question']);
  });

  it.each([
    [{ target: 'verdict' }, 'There is no column "verdict".', 'verdict'],
    [{ inputs: ['text'] }, 'There is no column "text".', 'text'],
    [
      { template: '{qestion} {answer}' },
      'The template names a column "qestion", which the data does not have.',
      'qestion',
    ],
    [{ template: 'nothing', target: 'answer' }, 'The template does not say where {answer} goes.', 'answer'],
    [{ template: '{answer} {answer}' }, 'The template has {answer} 2 times.', 'answer'],
    [
      { template: '{answer} {question}', target: 'answer' },
      'In the template {question} stands after the target {answer}.',
      'answer',
    ],
    [{ inputs: ['answer'], target: 'answer' }, '"answer" is both an input and the target.', 'answer'],
    [
      { template: '{question} {answer}', inputs: ['hint'] },
      'The template does not say where the input {hint} goes.',
      'hint',
    ],
  ])('(%j) is refused with the column and what to do', (partial, message, column) => {
    try {
      resolveMapping(qa, partial);
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      expect(error).toMatchObject({ message, where: { column }, hint: expect.stringMatching(/\w/) });
      return;
    }
    expect.fail('the mapping was taken');
  });

  it('lists the columns there are', () => {
    expect(() => resolveMapping(qa, { target: 'verdict' })).toThrow(
      expect.objectContaining({ hint: 'The columns are: question, hint, answer, label.' }),
    );
  });
});

describe('examples', () => {
  it('put the spaces before the target into the target', () => {
    const { examples } = buildExamples(sentiment, guessMapping(sentiment), fable);
    expect(examples[1]).toEqual({ line: 2, prompt: 'Text: It was fine 1\nLabel:', target: ' bad', label: 'bad' });
    const own = resolveMapping(sentiment, { template: '<user>{text}\n<bot>\n{label}', task: 'generation' });
    expect(buildExamples(sentiment, own, fable).examples[0]).toEqual({
      line: 1,
      prompt: '<user>It was fine 0\n<bot>\n',
      target: 'good',
      label: null,
    });
  });

  it('leave out a line whose input is empty, and trim cells', () => {
    const text =
      '{"instruction":" Say hi ","input":"","output":"hi\\n"}\n{"instruction":"Add","input":"1 {output} $&","output":"2"}';
    const parsed = parseDataset('a.jsonl', text);
    const { examples, problems } = buildExamples(parsed, guessMapping(parsed), fable);
    expect(problems).toEqual([]);
    expect(examples.map(({ prompt, target }) => prompt + target)).toEqual([
      'Instruction: Say hi\nOutput: hi',
      'Instruction: Add\nInput: 1 {output} $&\nOutput: 2',
    ]);
  });

  it('report rows with an empty target or only empty inputs', () => {
    const parsed = parseDataset('a.csv', 'text,label\nx,\n,good\n" ",bad\ny,good\nz,bad');
    const { examples, problems } = buildExamples(parsed, resolveMapping(parsed, { target: 'label' }), fable);
    expect(examples.map(({ line }) => line)).toEqual([5, 6]);
    expect(problems).toEqual([
      { kind: 'empty-target', line: 2, column: 'label', reason: 'the target is empty' },
      { kind: 'empty-input', line: 3, column: 'text', reason: 'the input is empty' },
      { kind: 'empty-input', line: 4, column: 'text', reason: 'the input is empty' },
    ]);
  });

  it('have the prompt that a row without a target gets', () => {
    const mapping = guessMapping(sentiment);
    const [example] = buildExamples(sentiment, mapping, fable).examples;
    const row = { line: 1, cells: { text: 'It was fine 0' } };
    expect(promptOf(row, mapping, ['text'], fable)).toMatchObject({ type: 'prompt', prompt: example?.prompt });
  });

  it('need no input', () => {
    const parsed = dataset({ text: ['Once #'] });
    const { examples } = buildExamples(parsed, guessMapping(parsed), fable);
    expect(examples[0]).toEqual({ line: 1, prompt: '', target: 'Once 0', label: null });
  });
});
