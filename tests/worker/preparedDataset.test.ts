/** A dataset as the engine holds it, by what the page shows of it. */
import { describe, expect, it } from 'vitest';
import { parseDataset } from '../../src/data';
import { DataError } from '../../src/errors';
import type { DatasetOptions } from '../../src/worker';
import { prepareDataset } from '../../src/worker/preparedDataset';
import { parsedCells, parsedRows } from '../data/parsed';
import { fableTokenizer } from '../models/fableTokenizer';

const tokenizer = fableTokenizer();
const prepared = (parsed: ReturnType<typeof parsedCells>, options: DatasetOptions = {}, maxTokensLimit = 64) =>
  prepareDataset(parsed, options, tokenizer, maxTokensLimit);

const stories = (count: number, text = (i: number) => `Story number ${i}.`) =>
  Array.from({ length: count }, (_, i) => ({ text: text(i), label: i % 2 ? 'odd' : 'even' }));

it('offers the held-out rows themselves as examples, also where all rows stand on one line', async () => {
  const rows = stories(12).map((cells) => ({ line: 1, cells }));
  const { summary, heldOut } = await prepared(parsedRows(rows), { validationFraction: 0.5 });
  expect(summary.examples).toHaveLength(heldOut.length);
  summary.examples.forEach(({ prompt, target }, i) => {
    const { tokenIds, targetStart, label } = heldOut[i] ?? expect.fail(`there is no row ${i}`);
    expect(tokenIds.slice(0, targetStart)).toEqual(tokenizer.encode(prompt));
    expect(target).toBe(` ${label}`);
  });
});

it('holds out as many rows as are asked for, of which training looks at two hundred drawn with the seed', async () => {
  const parsed = parsedCells(stories(600));
  const [once, again, other] = await Promise.all(
    [1, 1, 2].map((seed) => prepared(parsed, { validationFraction: 0.5, seed, mapping: { task: 'generation' } })),
  );
  expect(once?.summary).toMatchObject({ validationRows: 300, trainRows: 300 });
  expect(once?.heldOut).toHaveLength(300);
  expect(once?.validation.sequences).toHaveLength(200);
  expect(new Set(once?.heldOut)).toEqual(new Set([...(once?.heldOut ?? []), ...(once?.validation.sequences ?? [])]));
  expect(again?.validation).toEqual(once?.validation);
  expect(other?.validation).not.toEqual(once?.validation);
});

it('tells of each label its word, its tokens behind the prompt, and which others begin alike', async () => {
  const words = { odd: 'goodbye', even: 'good' };
  const { summary, labelTargets } = await prepared(parsedCells(stories(10)), { mapping: { words } });
  const [even, odd] = [...summary.labels].sort((a, b) => a.label.localeCompare(b.label));
  expect(even).toMatchObject({ label: 'even', count: 5, word: 'good', tokens: [' good'] });
  expect(odd).toMatchObject({ label: 'odd', word: 'goodbye' });
  expect(odd?.tokens.join('')).toBe(' goodbye');
  const alike = odd?.tokens[0] === ' good';
  expect([even?.sameStart, odd?.sameStart]).toEqual(alike ? [['odd'], ['even']] : [[], []]);
  expect([...labelTargets.keys()].sort()).toEqual(['even', 'odd']);
});

it('trains conversations in the chat template, up to the end of the assistant’s turn', async () => {
  const rows = stories(4).map(({ text }) => ({
    turns: [{ role: 'user', content: text }] as const,
    cells: { prompt: text, response: 'Go on.' },
  }));
  const { summary, train } = await prepared(parsedRows(rows, { shape: 'messages' }));
  expect(summary.mapping).toMatchObject({ kind: 'chat', task: 'persona', inputs: ['prompt'], target: 'response' });
  const [first] = summary.preview;
  const textOf = (part: string) => first?.tokens.flatMap((token) => (token.part === part ? token.text : [])).join('');
  expect(textOf('context')).toBe('<|im_start|>user\nStory number 0.<|im_end|>\n<|im_start|>assistant\n');
  expect(textOf('learned')).toBe('Go on.<|im_end|>');
  expect(train[0]?.example.messages).toEqual(rows[0]?.turns);
});

it('shows a row that is cut among the first, where there is one', async () => {
  const long = 'It was a very long day by the sea. '.repeat(5);
  const { summary } = await prepared(parsedCells(stories(40, (i) => (i >= 30 ? `${i} ${long}` : `Day ${i}.`))), {}, 24);
  const isCut = ({ tokens }: (typeof summary.preview)[number]) => tokens.some(({ part }) => part === 'cut');
  expect(summary.preview.map(isCut)).toEqual([false, false, false, false, true]);
  const text = summary.preview.at(-1)?.tokens.map((token) => token.text);
  expect(text?.join('')).toContain(`Text: 30 ${long.trim()}`);
});

it('lists the first thousand rows that are skipped or shortened, and counts all', async () => {
  const texts = stories(2400, (i) => (i % 2 ? '' : `It sat by the sea all day long, ${i}`));
  const { summary } = await prepared(parsedCells(texts), { maxTokens: 12 });
  expect([summary.skipped.length, summary.shortened.length]).toEqual([1000, 1000]);
  expect(summary.report.skipped).toEqual([
    { kind: 'empty-input', count: 1200, lines: [2, 4, 6, 8, 10, 12, 14, 16, 18, 20] },
  ]);
  expect(summary.report.cutRows).toBe(1200);
});

describe('the tokens that a row may have', () => {
  it('are those of the model, or fewer', async () => {
    const parsed = parsedCells(stories(10));
    expect((await prepared(parsed)).summary.report).toMatchObject({ maxTokens: 64, maxTokensLimit: 64 });
    const { summary } = await prepared(parsed, { maxTokens: 10 });
    expect(summary.report).toMatchObject({ maxTokens: 10, maxTokensLimit: 64 });
    expect(summary.longestTokens).toBe(10);
  });

  it('leave room for the longest label behind the longest prompt, since every label is tried on every row', async () => {
    const rows = stories(10, (i) => (i % 2 ? `It sat by the sea all day long, ${i}.` : `Story ${i}.`)).map((cells) => ({
      ...cells,
      label: cells.label === 'odd' ? 'no' : 'by the sea all day',
    }));
    const { train, heldOut, validation, summary } = await prepared(parsedCells(rows), {
      validationFraction: 0.5,
      mapping: { task: 'classification' },
    });
    const lengths = [...train, ...heldOut].map(({ tokenIds }) => tokenIds.length);
    const scored = validation.sequences.map(({ tokenIds }) => tokenIds.length);
    expect(Math.max(...scored)).toBeGreaterThan(Math.max(...lengths));
    expect(summary.longestTokens).toBe(Math.max(...scored));
  });

  it.each([7, 65, 9.5, Number.NaN])('are not %d', async (maxTokens) => {
    const refused = prepared(parsedCells(stories(10)), { maxTokens });
    await expect(refused).rejects.toThrow(DataError);
    await expect(refused).rejects.toMatchObject({ hint: expect.stringContaining('from 8 to 64') });
  });
});

describe('a dataset of which no row can be used', () => {
  it('says what to do where the chat template refuses all', async () => {
    const turns = [{ role: 'user', content: 'Hi' }] as const;
    const rows = [1, 2].map((i) => ({ file: 'a.json', turns, cells: { prompt: `Hi ${i}`, response: 'Hello' } }));
    const refusing = {
      ...tokenizer,
      chatPrompt: () => {
        throw new DataError('The chat template does not take these messages.');
      },
    };
    const refused = prepareDataset(parsedRows(rows, { shape: 'messages' }), {}, refusing, 64);
    await expect(refused).rejects.toMatchObject({
      message: 'No row of data can be used: line 1, the chat template does not take these messages.',
      where: { file: 'a.json', line: 1 },
      hint: expect.stringContaining('plain template'),
    });
  });

  it('says what to do where no target fits', async () => {
    const rows = [1, 2].map((i) => ({ text: `t${i}`, summary: 'It was so. '.repeat(40) }));
    await expect(prepared(parsedCells(rows))).rejects.toMatchObject({ hint: expect.stringContaining('more tokens') });
  });
});

it('skips a conversation that does not end with an answer, and says on which line', async () => {
  const turn = (role: string, content: string) => ({ role, content });
  const rows = Array.from({ length: 6 }, (_, i) => ({
    messages: [turn('user', `Question ${i}?`), ...(i === 2 ? [] : [turn('assistant', `Answer ${i}.`)])],
  }));
  const text = rows.map((row) => JSON.stringify(row)).join('\n');
  const { summary } = await prepared(parseDataset('chat.jsonl', text));
  expect(summary.report.skipped).toEqual([{ kind: 'empty-target', count: 1, lines: [3] }]);
});
