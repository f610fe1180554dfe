/** Which rows are learned from, and which are held out. */
import { describe, expect, it } from 'vitest';
import { type Example, splitExamples, type TokenisedRow } from '../../src/data';
import { DataError } from '../../src/errors';

function row(line: number, example: Partial<Example>): TokenisedRow {
  const { prompt = `p${line}`, target = 't', label = null } = example;
  const whole = { line, prompt, target, label, ...example };
  return { line, tokenIds: [line, 7, 0], targetStart: 1, label, cut: [], example: whole };
}

function rows(count: number, label: (i: number) => string | null, id = (i: number) => i): TokenisedRow[] {
  return Array.from({ length: count }, (_, i) => row(i + 1, { prompt: `p${id(i)}`, label: label(i) }));
}

describe('the random split', () => {
  const lines = (items: readonly TokenisedRow[]) => items.map(({ line }) => line);

  it('takes the fraction, keeps the order of the file and loses no row', () => {
    const all = rows(100, () => null);
    const { train, validation } = splitExamples(all, { validationFraction: 0.2, seed: 3 });
    expect([train.length, validation.length]).toEqual([80, 20]);
    expect([...lines(train), ...lines(validation)].sort((a, b) => a - b)).toEqual(lines(all));
    expect(lines(train)).toEqual([...lines(train)].sort((a, b) => a - b));
  });

  it('is the same for the same seed and another for another', () => {
    const all = rows(100, () => null);
    const held = (seed: number) => lines(splitExamples(all, { seed }).validation);
    expect(held(1)).toEqual(held(1));
    expect(held(1)).not.toEqual(held(2));
    expect(held(1)).not.toEqual(lines(all).slice(-10));
  });

  it('keeps labels in proportion, and each of them in training', () => {
    const all = rows(200, (i) => (i < 150 ? 'a' : i < 199 ? 'b' : 'c'));
    const { train, validation } = splitExamples(all, { validationFraction: 0.1 });
    const count = (items: readonly TokenisedRow[], label: string) => items.filter((one) => one.label === label).length;
    expect([count(validation, 'a'), count(validation, 'b'), count(validation, 'c')]).toEqual([15, 5, 0]);
    expect(count(train, 'c')).toBe(1);
  });

  it('keeps the same prompt on one side', () => {
    for (let seed = 0; seed < 20; seed++) {
      const all = rows(
        60,
        (i) => (i % 3 ? 'a' : 'b'),
        (i) => i % 12,
      );
      const { train, validation } = splitExamples(all, { validationFraction: 0.25, seed });
      const prompts = new Set(train.map(({ example }) => example.prompt));
      expect(validation.length).toBeGreaterThan(0);
      expect(validation.filter(({ example }) => prompts.has(example.prompt))).toEqual([]);
    }
  });

  it('looks at the whole text where all prompts are the same', () => {
    const all = rows(10, () => null).map((one, i) => row(one.line, { prompt: '', target: `${i % 5}` }));
    const { train, validation } = splitExamples(all);
    expect(new Set([...train, ...validation]).size).toBe(10);
    const texts = new Set(train.map(({ example }) => example.target));
    expect(validation.some(({ example }) => texts.has(example.target))).toBe(false);
  });

  it('holds out at least one row, however small the fraction and the data', () => {
    for (const validationFraction of [0, 0.01, 0.5]) {
      for (const label of [() => null, (i: number) => `l${i}`]) {
        const { train, validation } = splitExamples(rows(2, label), { validationFraction });
        expect([train.length, validation.length]).toEqual([1, 1]);
      }
    }
  });

  it('is an error where nothing can be held out', () => {
    expect(() => splitExamples([])).toThrow(DataError);
    expect(() => splitExamples(rows(1, () => null))).toThrow(/one usable row/);
    expect(() =>
      splitExamples(
        rows(
          3,
          () => null,
          () => 1,
        ),
      ),
    ).toThrow(/same text/);
  });

  it('takes a second for a hundred thousand rows', () => {
    const start = performance.now();
    expect(splitExamples(rows(100_000, () => null)).validation).toHaveLength(10_000);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('the split of the data', () => {
  const train = (line: number, example: Partial<Example> = {}) => row(line, { split: 'train', ...example });
  const held = (line: number, example: Partial<Example> = {}) => row(line, { split: 'validation', ...example });
  const lines = (items: readonly { readonly line: number }[]) => items.map(({ line }) => line);

  it('is kept whatever fraction is asked for, and rows that say nothing are learned from', () => {
    const split = splitExamples([train(1), held(2), row(3, {}), held(4)], { validationFraction: 0.01 });
    expect([lines(split.train), lines(split.validation), split.from]).toEqual([[1, 3], [2, 4], 'column']);
  });

  it('is of the files where there are several', () => {
    const all = [train(1, { file: 'train.csv' }), held(1, { file: 'test.csv', prompt: 'another' })];
    expect(splitExamples(all).from).toBe('files');
  });

  it('leaves out held-out rows whose input is learned from, also with another target', () => {
    const file = 'test.csv';
    const all = [train(1, { prompt: 'same' }), held(2, { prompt: 'same', target: 'other', file }), held(3, { file })];
    const { validation, leaked } = splitExamples(all);
    expect(lines(validation)).toEqual([3]);
    expect(leaked).toEqual([{ kind: 'in-both-splits', file, line: 2, reason: expect.stringMatching(/same input/) }]);
  });

  it('looks at what is left of prompts that are cut', () => {
    const cut = (one: TokenisedRow): TokenisedRow => ({ ...one, tokenIds: [5, 7, 0], cut: [one.line] });
    const { leaked } = splitExamples([cut(train(1)), cut(held(2)), held(3), train(4)]);
    expect(lines(leaked)).toEqual([2]);
  });

  it('compares whole texts where there is no input', () => {
    const all = [train(1, { prompt: '', target: 'a' }), held(2, { prompt: '', target: 'b' })];
    expect(lines(splitExamples(all).validation)).toEqual([2]);
  });

  it('is a random one where a side is missing, or the same as the other', () => {
    for (const all of [
      [held(1), held(2), held(3)],
      [train(1), train(2), train(3)],
    ]) {
      const { train: learned, validation, from } = splitExamples(all);
      expect([learned.length, validation.length, from]).toEqual([2, 1, 'random']);
    }
    const {
      train: learned,
      validation,
      leaked,
      from,
    } = splitExamples([
      ...[1, 2, 3].map((line) => train(line, { prompt: `p${line}` })),
      ...[4, 5, 6].map((line) => held(line, { prompt: `p${line - 3}` })),
    ]);
    expect([learned.length, validation.length, lines(leaked), from]).toEqual([2, 1, [4, 5, 6], 'random']);
  });
});
