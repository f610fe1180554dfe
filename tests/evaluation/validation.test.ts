/** Validation loss and accuracy, against what one works out by hand from the logits. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TokenisedExample } from '../../src/data';
import { validate, validationSet } from '../../src/evaluation';
import { Random } from '../../src/tuning';
import { asAdapter, initialPrefix } from '../support/prefixes';
import { devicePrefix, logitsOfText, openTiny, randomIds, surprise, type TinyModel } from '../support/tinyModel';

const END = 2;
const targets: Readonly<Record<string, readonly number[]>> = {
  good: [100, END],
  bad: [200, 201, END],
  fair: [300, END],
};
const labels = Object.keys(targets);

function example(line: number, label: string): TokenisedExample {
  const prompt = randomIds(line, 4 + (line % 3));
  return { line, tokenIds: [...prompt, ...(targets[label] as number[])], targetStart: prompt.length, label };
}

const examples = Array.from({ length: 18 }, (_, i) => example(i + 1, labels[i % 3] as string));

describe('a validation set', () => {
  it('holds, for every example, its own text and then one per other label', () => {
    const { sequences, choices } = validationSet(examples.slice(0, 2), labels, examples);
    expect(choices).toBe(3);
    expect(sequences).toHaveLength(6);
    const prompt = randomIds(2, 6);
    expect(sequences.slice(3).map(({ tokenIds }) => tokenIds)).toEqual([
      [...prompt, 200, 201, END],
      [...prompt, 100, END],
      [...prompt, 300, END],
    ]);
    expect(sequences.every(({ targetStart }, i) => targetStart === (i < 3 ? 5 : 6))).toBe(true);
  });

  it('is the examples alone where there are no labels to choose from', () => {
    expect(validationSet(examples, [], examples)).toEqual({ sequences: examples, choices: 1 });
    expect(validationSet(examples, ['good'], examples)).toEqual({ sequences: examples, choices: 1 });
  });
});

describe('validation', () => {
  let tiny: TinyModel;
  beforeAll(async () => {
    tiny = await openTiny();
  });
  afterAll(() => tiny.dispose());

  /** −log p of the tokens from `from` on, each times its weight: the end token counts a tenth of those before it. */
  async function cost(tokenIds: readonly number[], from: number, prefix: Float32Array | null): Promise<number> {
    const logits = await logitsOfText(tiny, tokenIds, prefix && { values: prefix, length: 3 });
    const weights = tokenIds.slice(from).map((_, i, all) => (i === all.length - 1 ? i / 10 : 1));
    return tokenIds
      .slice(from)
      .reduce((sum, id, i) => sum + (weights[i] as number) * surprise(logits[from + i - 1] as Float32Array, id), 0);
  }

  const weightFrom = (tokenIds: readonly number[], from: number) => (tokenIds.length - from - 1) * 1.1;

  it.each([false, true])(
    'loss is the weighted mean per token, accuracy the share of true labels chosen (prefix: %s)',
    async (withPrefix) => {
      const values = withPrefix
        ? await initialPrefix(tiny.loaded, 3, { type: 'text', tokenIds: [7, 8, 9] }, new Random(0))
        : null;
      const prefix = values && devicePrefix(tiny.backend, values, 3);
      const result = await validate(
        tiny.loaded,
        tiny.kernels,
        asAdapter(prefix),
        validationSet(examples, labels, examples),
      );
      if (prefix) tiny.backend.free(prefix.parameters);
      let [total, weight, right] = [0, 0, 0];
      for (const { tokenIds, targetStart, label } of examples) {
        const costs: Record<string, number> = {};
        for (const [name, target] of Object.entries(targets)) {
          costs[name] = await cost([...tokenIds.slice(0, targetStart), ...target], targetStart, values);
        }
        const own = costs[label as string] as number;
        total += own;
        weight += weightFrom(tokenIds, targetStart);
        right += Object.entries(costs).every(([name, other]) => name === label || own < other) ? 1 : 0;
      }
      expect(result.loss).toBeCloseTo(total / weight, 5);
      expect(result.accuracy).toBe(right / examples.length);
      // Neither all nor nothing, so that the count above says something.
      expect(right).toBeGreaterThan(0);
      expect(right).toBeLessThan(examples.length);
    },
  );

  it('of a task without labels has a loss and no accuracy', async () => {
    const set = validationSet(examples, [], examples);
    const result = await validate(tiny.loaded, tiny.kernels, null, set);
    expect(result.accuracy).toBeNull();
    const costs = await Promise.all(examples.map(({ tokenIds, targetStart }) => cost(tokenIds, targetStart, null)));
    const weight = examples.reduce((sum, { tokenIds, targetStart }) => sum + weightFrom(tokenIds, targetStart), 0);
    expect(result.loss).toBeCloseTo(costs.reduce((sum, one) => sum + one, 0) / weight, 5);
  });

  it('does not count a tie as right', async () => {
    const [first] = examples as [TokenisedExample];
    const twins = [first, { ...first, label: 'twin' }];
    const result = await validate(tiny.loaded, tiny.kernels, null, validationSet([first], ['good', 'twin'], twins));
    expect(result.accuracy).toBe(0);
  });
});
