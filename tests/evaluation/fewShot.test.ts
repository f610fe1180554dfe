/** Examples in front of a prompt: which, how they are written, and how many fit. */
import { describe, expect, it } from 'vitest';
import { buildExamples, type Example, parseDataset, resolveMapping, tokeniseExamples } from '../../src/data';
import { askedOf, chooseShots, fitShots, promptWithShots, untilOf } from '../../src/evaluation/fewShot';
import { familyTokenizer } from '../models/familyTokenizer';
import { letters } from '../support/letters';

const example = (line: number, label: string | null, target = ` ${label ?? 'yes'}`): Example => ({
  line,
  prompt: `q${line}:`,
  target,
  label,
});
const rowsOf = (examples: readonly Example[], maxTokens = 64) =>
  tokeniseExamples(examples, letters, { maxTokens }).tokenised;
const read = (ids: readonly number[]) => letters.decode(ids);

describe('the choice', () => {
  const train = rowsOf(Array.from({ length: 40 }, (_, i) => example(i + 1, i < 4 ? 'rare' : 'often')));

  it.each([2, 4, 8])('has each label as often as the others: of %i rows', (count) => {
    const labels = chooseShots(train, count, 1).map(({ label }) => label);
    expect(labels.filter((label) => label === 'rare')).toHaveLength(count / 2);
    expect(new Set(labels.slice(0, 2)).size).toBe(2);
  });

  it('goes on with other labels where one has no more rows, and ends where there are none', () => {
    expect(chooseShots(train, 12, 1).filter(({ label }) => label === 'often')).toHaveLength(8);
    expect(chooseShots(train, 100, 1)).toHaveLength(40);
    expect(new Set(chooseShots(train, 100, 1)).size).toBe(40);
  });

  it('is the same for the same seed, and another for another', () => {
    expect(chooseShots(train, 8, 1)).toEqual(chooseShots(train, 8, 1));
    expect(chooseShots(train, 8, 2)).not.toEqual(chooseShots(train, 8, 1));
  });
});

describe('the prompt', () => {
  it('of plain text has each example with its answer, and a blank line after it', () => {
    const shots = [example(1, 'good'), example(2, 'bad')];
    expect(read(promptWithShots({ prompt: 'q3:' }, shots, letters))).toBe('^q1: good\n\nq2: bad\n\nq3:');
  });

  it('of a chat has them as turns that were answered, behind the one system message', () => {
    const chat = (line: number): Example => ({
      ...example(line, null, 'yes '),
      messages: [
        { role: 'system', content: 'be kind' },
        { role: 'user', content: `q${line}` },
      ],
    });
    expect(read(promptWithShots(chat(3), [chat(1), chat(2)], letters))).toBe(
      '^<system>be kind<user>q1<assistant>yes<user>q2<assistant>yes<user>q3<assistant>',
    );
  });

  it('of a real chat template is what it makes of the turns, answered with the labels’ words', () => {
    const smollm = familyTokenizer('smollm2');
    const parsed = parseDataset('a.csv', 'text,label\nI like it,1\nI do not,0\nIt is fine,1\n');
    const mapping = resolveMapping(
      parsed,
      { task: 'classification', kind: 'chat', inputs: ['text'], target: 'label', words: { 0: 'bad', 1: 'good' } },
      smollm,
    );
    const { tokenised } = tokeniseExamples(buildExamples(parsed, mapping, smollm).examples, smollm, { maxTokens: 99 });
    const [first, second, asked] = tokenised.map(({ example }) => example);
    if (!first || !second || !asked) expect.fail('a row was skipped');
    const user = (text: string) => ({
      role: 'user' as const,
      content: (asked.messages?.[0]?.content ?? '').replace('It is fine', text),
    });
    const answer = (content: string) => ({ role: 'assistant' as const, content });
    const prompt = smollm.chatPrompt([
      user('I like it'),
      answer('good'),
      user('I do not'),
      answer('bad'),
      user('It is fine'),
    ]);
    const ids = promptWithShots(asked, [first, second], smollm);
    expect(ids).toEqual(smollm.encode(prompt));
    expect(prompt.match(/<\|im_start\|>(user|assistant)/g)).toHaveLength(6);
    expect(tokenised.map(({ label }) => label)).toEqual(['1', '0', '1']);
  });

  it('of a row that was cut to fit is the text that was left of it', () => {
    const long = { ...example(1, null), prompt: 'abcdefghijklmnop:' };
    const cut = rowsOf([long], 15)[0] ?? expect.fail('the row was skipped');
    expect(cut.cut.length).toBeGreaterThan(0);
    const asked = askedOf(cut, letters);
    expect(long.prompt.endsWith(asked.prompt)).toBe(true);
    expect(read(promptWithShots(asked, [], letters))).toBe(read(cut.tokenIds.slice(0, cut.targetStart)));
  });

  it('ends answers at a blank line, unless answers have some, or are turns', () => {
    expect(untilOf([example(1, 'good')])).toBe('\n\n');
    expect(untilOf([example(1, null, 'one\n\ntwo')])).toBeNull();
    expect(untilOf([{ ...example(1, null), messages: [] }])).toBeNull();
  });
});

describe('as many examples as fit', () => {
  const shots = [1, 2, 3].map((line) => example(line, null));
  const rows = [{ prompt: 'short:' }, { prompt: 'much longer than that:' }];

  it('are there before every row, those of the beginning first', () => {
    const whole = rows.map((row) => promptWithShots(row, shots, letters));
    expect(fitShots(rows, shots, letters, () => true)).toEqual({ shots, prompts: whole });
    const longest = whole[1]?.length ?? 0;
    const fitting = fitShots(rows, shots, letters, (prompt) => prompt.length < longest);
    expect(fitting.shots).toEqual(shots.slice(0, 2));
    expect(fitting.prompts).toEqual(rows.map((row) => promptWithShots(row, shots.slice(0, 2), letters)));
  });

  it('may be none, which is an error', () => {
    expect(() => fitShots(rows, shots, letters, () => false)).toThrow('Not one example fits');
  });
});
