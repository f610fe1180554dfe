import { describe, expect, it } from 'vitest';
import { buildExamples, guessMapping, type ParsedDataset, promptOf, resolveMapping } from '../../src/data';
import { DataError } from '../../src/errors';
import type { ColumnMapping } from '../../src/worker';
import { fableTokenizer } from '../models/fableTokenizer';
import { familyTokenizer } from '../models/familyTokenizer';
import { parsedCells, parsedRows } from './parsed';

const fable = fableTokenizer();

/** A dataset with these columns; each value is repeated over the rows in turn, `#` becomes the row's number. */
function dataset(columns: Record<string, readonly string[]>, rows = 12): ParsedDataset {
  return parsedCells(
    Array.from({ length: rows }, (_, row) =>
      Object.fromEntries(
        Object.entries(columns).map(([name, values]) => [
          name,
          (values[row % values.length] ?? '').replace('#', String(row)),
        ]),
      ),
    ),
  );
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
    [
      'the few columns of a table',
      { id: ['#'], place: ['p #'], price: ['#'], target: ['t #'] },
      ['place', 'price'],
      'target',
    ],
    [
      'the longest of many columns',
      { a: ['#'], b: ['#'], c: ['#'], d: ['much longer #'], e: ['#'], target: ['t #'] },
      ['d'],
      'target',
    ],
    ['no input at all', { text: ['Once #'] }, [], 'text'],
    [
      'a system message beside the input',
      { system: ['Be #'], prompt: ['p #'], completion: ['c #'] },
      ['prompt'],
      'completion',
    ],
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

  it.each([
    ['JSON', '{"name": "Ann #"}', 'extraction'],
    ['lists in JSON', '["Ann #", "Oslo"]', 'extraction'],
    ['tagged text', '<person>Ann #</person> went home', 'extraction'],
    ['BIO tags', 'B-PER I-PER O B-X#', 'extraction'],
    ['words with BIO tags', 'Ann/B-PER went/O to/O Oslo#/B-LOC', 'extraction'],
    ['fields', 'person: Ann; place: Oslo #', 'extraction'],
    ['prose with a colon', 'Answer #: it is so', 'generation'],
    ['prose with brackets', '[#] it is so', 'generation'],
    ['a comparison', 'a < b and b > #', 'generation'],
    ['things with semicolons', 'the hunter #; drew a map; on the wall', 'generation'],
  ])('takes targets that are %s as the right task', (_, target, task) => {
    expect(guessMapping(dataset({ text: ['t #'], target: [target] })).task).toBe(task);
  });

  it.each([
    ['messages', 'chat', 'persona'],
    ['sharegpt', 'chat', 'persona'],
    ['alpaca', 'chat', 'generation'],
    ['prompt-completion', 'plain', 'generation'],
  ] as const)('of %s is for a model that chats: %s', (shape, kind, task) => {
    const parsed = parsedCells([{ prompt: 'p', response: 'r' }], { shape });
    expect(guessMapping(parsed, fable)).toMatchObject({ kind, task, inputs: ['prompt'], target: 'response' });
    expect(guessMapping(parsed, { hasChatTemplate: false })).toMatchObject({ kind: 'plain', task });
  });

  it('of plain text has no input', () => {
    const parsed = parsedCells([{ text: 'Once' }, { text: 'Twice' }], { shape: 'plain-text' });
    expect(guessMapping(parsed)).toMatchObject({ inputs: [], target: 'text', template: '{text}', task: 'generation' });
  });

  it('finds the system message, and asks for none where the template is given', () => {
    const parsed = dataset({ system_prompt: ['Be #'], question: ['q #'], answer: ['a #'] });
    expect(guessMapping(parsed)).toMatchObject({ system: 'system_prompt', inputs: ['question'] });
    expect(resolveMapping(parsed, { template: '{question} {answer}' }).system).toBeNull();
    expect(resolveMapping(parsed, { system: null })).toMatchObject({ system: null, inputs: ['question'] });
    const within = { template: '{system_prompt}. {question} {answer}', system: 'system_prompt' };
    expect(resolveMapping(parsed, within)).toMatchObject({ system: null, inputs: ['system_prompt', 'question'] });
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
    [{ system: 'answer', target: 'answer' }, '"answer" is both the system message and the target.', 'answer'],
    [{ system: 'rules' }, 'There is no column "rules".', 'rules'],
    [{ target: 'label', words: { x: ' ' } }, 'The word for the label "x" is empty.', 'label'],
    [{ target: 'label', words: { x: 'no', y: 'no ' } }, '"no" stands for two labels: "x" and "y".', 'label'],
    [{ target: 'label', words: { x: 'y' } }, '"y" stands for two labels: "x" and "y".', 'label'],
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

  it('changes its template with its kind, unless a person wrote it', () => {
    const kinds = (template: string | undefined) =>
      (['plain', 'chat', 'own'] as const).map((kind) => {
        const mapping = resolveMapping(
          qa,
          { inputs: ['question'], target: 'answer', kind, ...(template && { template }) },
          fable,
        );
        return [mapping.kind, mapping.template];
      });
    const plain = ['plain', 'Question: {question}\nAnswer: {answer}'];
    const chat = ['chat', '{question}\n{answer}'];
    expect(kinds(undefined)).toEqual([plain, chat, ['own', plain[1]]]);
    expect(kinds(plain[1])).toEqual([plain, chat, ['own', plain[1]]]);
    expect(kinds(chat[1])).toEqual([plain, chat, ['own', chat[1]]]);
    const own = 'Why {question}? {answer}';
    expect(kinds(own)).toEqual([
      ['own', own],
      ['chat', own],
      ['own', own],
    ]);
  });

  it('is the same when it is given whole', () => {
    const chosen = { inputs: ['hint', 'question'], target: 'label', words: { x: 'yes' } };
    for (const kind of ['plain', 'chat', 'own'] as const) {
      const mapping = resolveMapping(qa, { ...chosen, kind }, fable);
      expect(resolveMapping(qa, mapping, fable)).toEqual(mapping);
    }
  });

  it('has the chat template only where the model has one, and a user who says something', () => {
    const chat = () => resolveMapping(qa, { kind: 'chat' });
    expect(chat).toThrow(expect.objectContaining({ hint: expect.stringMatching(/plain template/) }));
    expect(chat).toThrow(/no chat template/);
    expect(() => resolveMapping(qa, { kind: 'chat', inputs: [] }, fable)).toThrow(/what the user says/);
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
    const parsed = parsedCells([
      { instruction: ' Say hi ', input: '', output: 'hi\n' },
      { instruction: 'Add', input: '1 {output} $&', output: '2' },
    ]);
    const { examples, problems } = buildExamples(parsed, guessMapping(parsed), fable);
    expect(problems).toEqual([]);
    expect(examples.map(({ prompt, target }) => prompt + target)).toEqual([
      'Instruction: Say hi\nOutput: hi',
      'Instruction: Add\nInput: 1 {output} $&\nOutput: 2',
    ]);
  });

  it('report rows with an empty target or only empty inputs', () => {
    const cells = ['x,', ',good', ' ,bad', 'y,good', 'z,bad'].map((row) => row.split(','));
    const parsed = parsedCells(cells.map(([text = '', label = '']) => ({ text, label })));
    const { examples, problems } = buildExamples(parsed, resolveMapping(parsed, { target: 'label' }), fable);
    expect(examples.map(({ line }) => line)).toEqual([4, 5]);
    expect(problems).toEqual([
      { kind: 'empty-target', line: 1, column: 'label', reason: 'the target is empty' },
      { kind: 'empty-input', line: 2, column: 'text', reason: 'the input is empty' },
      { kind: 'empty-input', line: 3, column: 'text', reason: 'the input is empty' },
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

  it('write the word that stands for a label, which stays what is counted', () => {
    const mapping = resolveMapping(sentiment, { words: { good: ' great ' } });
    const { examples } = buildExamples(sentiment, mapping, fable);
    expect(examples.slice(0, 2).map(({ target, label }) => [target, label])).toEqual([
      [' great', 'good'],
      [' bad', 'bad'],
    ]);
    const generation = buildExamples(sentiment, { ...mapping, task: 'generation' }, fable).examples;
    expect(generation[0]).toMatchObject({ target: ' good', label: null });
  });

  it('begin with the system message as a paragraph of its own, where there is one', () => {
    const parsed = parsedCells([
      { system: 'Be brief.', text: 'a', output: 'x' },
      { system: '', text: 'b', output: 'y' },
    ]);
    const { examples } = buildExamples(parsed, guessMapping(parsed), fable);
    expect(examples.map(({ prompt }) => prompt)).toEqual(['Be brief.\n\nText: a\nOutput:', 'Text: b\nOutput:']);
  });

  it('keep the file and the side that the data gives them', () => {
    const parsed = parsedRows([
      { file: 'a/test.csv', line: 7, split: 'validation', cells: { text: 'a', output: 'x' } },
    ]);
    const { examples } = buildExamples(parsed, guessMapping(parsed), fable);
    expect(examples[0]).toMatchObject({ file: 'a/test.csv', line: 7, split: 'validation' });
  });
});

describe('examples in the chat template', () => {
  const turn = (role: string, content: string) => `<|im_start|>${role}\n${content}<|im_end|>\n`;
  const answer = '<|im_start|>assistant\n';
  const examplesOf = (parsed: ParsedDataset, partial: Partial<ColumnMapping> = {}, tokenizer = fable) =>
    buildExamples(parsed, resolveMapping(parsed, { kind: 'chat', ...partial }, tokenizer), tokenizer);

  it('are a turn of the user with the input as it stands, and the answer as it stands', () => {
    const { examples } = examplesOf(parsedCells([{ system: '', question: ' Why? ', answer: ' So. ' }]));
    expect(examples).toEqual([
      {
        line: 1,
        prompt: turn('user', 'Why?') + answer,
        target: 'So.',
        label: null,
        messages: [{ role: 'user', content: 'Why?' }],
      },
    ]);
  });

  it('name several inputs, and have the system message', () => {
    const parsed = parsedCells([{ system: 'Be kind.', instruction: 'Add', input: '1 2', output: '3' }]);
    const whole = turn('system', 'Be kind.') + turn('user', 'Instruction: Add\nInput: 1 2') + answer;
    expect(examplesOf(parsed).examples[0]?.prompt).toBe(whole);
    const own = examplesOf(parsed, { system: null, template: 'What is {input}?\n{output}' });
    expect(own.examples[0]?.prompt).toBe(turn('user', 'What is 1 2?') + answer);
  });

  const turns = [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello' },
    { role: 'user', content: 'Who?' },
  ] as const;
  const cells = { system: 'Be kind.', prompt: 'User: Hi\nAssistant: Hello\nUser: Who?', response: 'I' };
  const conversation = parsedRows([{ turns, cells }], { shape: 'messages' });

  it('are the conversation turn by turn', () => {
    const [example] = examplesOf(conversation).examples;
    expect(example?.messages).toEqual(turns);
    const talk = turn('user', 'Hi') + turn('assistant', 'Hello') + turn('user', 'Who?') + answer;
    expect(example?.prompt).toBe(turn('system', 'Be kind.') + talk);
    expect(examplesOf(conversation, { system: null }).examples[0]?.prompt).toBe(talk);
  });

  it('have the prompt that a row without an answer gets', () => {
    const mapping = resolveMapping(conversation, { kind: 'chat' }, fable);
    const row = { line: 1, turns, cells: { system: cells.system, prompt: cells.prompt } };
    const [{ prompt, messages } = { prompt: '' }] = examplesOf(conversation).examples;
    expect(promptOf(row, mapping, ['system', 'prompt'], fable)).toMatchObject({ type: 'prompt', prompt, messages });
    const empty = promptOf({ line: 7, cells: { prompt: ' ' } }, mapping, ['prompt'], fable);
    expect(empty).toMatchObject({ type: 'problem', problem: { kind: 'empty-input', line: 7, column: 'prompt' } });
  });

  it('are one turn where the conversation is a part of it', () => {
    const { examples } = examplesOf(conversation, { system: null, template: 'Go on: {prompt}\n{response}' });
    expect(examples[0]?.messages).toEqual([{ role: 'user', content: `Go on: ${cells.prompt}` }]);
  });

  it('are problems where the template refuses them', () => {
    const alone = [{ role: 'assistant', content: 'Hello' }] as const;
    const parsed = parsedRows([{ turns: alone, cells }, { cells }], { shape: 'messages' });
    const { examples, problems } = examplesOf(parsed, { system: null }, familyTokenizer('mistral'));
    expect(examples.map(({ line }) => line)).toEqual([2]);
    expect(problems).toEqual([
      { kind: 'template', line: 1, reason: expect.stringMatching(/does not take these messages: .*alternate/) },
    ]);
  });
});
