/** Batches: every example once per epoch, little padding, few shapes, and weights that make the loss a mean. */
import { describe, expect, it } from 'vitest';
import {
  bucketOf,
  collate,
  paddedLength,
  Random,
  type SupervisedSequence,
  supervisedCount,
  weightOf,
} from '../../src/tuning';
import { batches, microBatches } from '../../src/tuning/batcher';
import { randomIds } from '../support/tinyModel';

const example = (name: number, length: number, targetStart: number): SupervisedSequence => ({
  tokenIds: [name, ...randomIds(name, length - 1)],
  targetStart,
});

const names = (batch: readonly SupervisedSequence[]) => batch.map(({ tokenIds }) => tokenIds[0] as number);

/** The first `count` batches, by the names of their examples. */
function take(examples: readonly SupervisedSequence[], size: number, seed: number, count: number): number[][] {
  const source = batches(examples, size, new Random(seed));
  return Array.from({ length: count }, () => names(source.next().value));
}

const twentyThree = Array.from({ length: 23 }, (_, i) => example(i, 5 + ((i * 7) % 19), 2));

describe('batches', () => {
  it('bring every example once per epoch, epoch after epoch', () => {
    const perEpoch = Math.ceil(23 / 4);
    const all = take(twentyThree, 4, 1, 3 * perEpoch);
    for (let epoch = 0; epoch < 3; epoch++) {
      const seen = all.slice(epoch * perEpoch, (epoch + 1) * perEpoch).flat();
      expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 23 }, (_, i) => i));
    }
  });

  it('are the same for the same seed, and others for another', () => {
    expect(take(twentyThree, 4, 5, 12)).toEqual(take(twentyThree, 4, 5, 12));
    expect(take(twentyThree, 4, 5, 12)).not.toEqual(take(twentyThree, 4, 6, 12));
  });

  it('come in another order every epoch', () => {
    const all = take(twentyThree, 4, 1, 12);
    expect(all.slice(0, 6)).not.toEqual(all.slice(6));
  });

  it('hold rows of similar length, and are not sorted by length themselves', () => {
    const many = Array.from({ length: 64 }, (_, i) => example(i, 4 + ((i * 13) % 60), 1));
    const source = batches(many, 8, new Random(3));
    const epoch = Array.from({ length: 8 }, () => source.next().value.map(({ tokenIds }) => tokenIds.length));
    for (const lengths of epoch) expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(8);
    const longest = epoch.map((lengths) => Math.max(...lengths));
    expect(longest).not.toEqual([...longest].sort((a, b) => a - b));
  });

  it('are no larger than the data', () => {
    const three = twentyThree.slice(0, 3);
    expect(take(three, 16, 1, 2).map((batch) => batch.sort())).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
  });
});

describe('buckets', () => {
  it('hold the length they are for, in few steps', () => {
    expect([1, 8, 9, 63, 64, 65, 96, 97, 256, 257, 320].map(bucketOf)).toEqual([
      8, 8, 16, 64, 64, 96, 96, 128, 256, 320, 320,
    ]);
    const buckets = new Set(Array.from({ length: 512 }, (_, i) => bucketOf(i + 1)));
    expect(buckets.size).toBeLessThanOrEqual(18);
    for (let length = 1; length <= 512; length++) expect(bucketOf(length)).toBeGreaterThanOrEqual(length);
  });
});

describe('a collated micro-batch', () => {
  it('is this, worked out by hand', () => {
    const made = collate(
      [
        { tokenIds: [11, 12, 13, 14], targetStart: 2 },
        { tokenIds: [21, 22, 23], targetStart: 0 },
      ],
      3,
      8,
    );
    expect(made).toMatchObject({ batch: 3, tokens: 8, rows: 8, textTokens: 7, supervisedTokens: 4 });
    const padded = [11, 12, 13, 14, 0, 0, 0, 0, 21, 22, 23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    expect([...made.inputIds]).toEqual(padded.map(BigInt));
    // Token t is predicted at t − 1; the first token of a text is predicted by nothing.
    expect([...made.rowIndices]).toEqual([1, 2, 8, 9, 0, 0, 0, 0].map(BigInt));
    expect([...made.labels]).toEqual([13, 14, 22, 23, 0, 0, 0, 0]);
    // The last token of a row of two supervised ones counts a tenth.
    expect([...made.weights]).toEqual([0.125, 0.0125, 0.125, 0.0125, 0, 0, 0, 0].map(Math.fround));
  });

  it('counts every token but the first where all of a text is supervised', () => {
    expect(supervisedCount({ tokenIds: [1, 2, 3], targetStart: 0 })).toBe(2);
    expect(supervisedCount({ tokenIds: [1, 2, 3], targetStart: 1 })).toBe(2);
    expect(supervisedCount({ tokenIds: [1, 2, 3], targetStart: 2 })).toBe(1);
  });

  it.each([1, 2, 3, 5, 8])('has weights that sum to 1 over the batch, whatever the micro-batch (%i)', (size) => {
    const eight = twentyThree.slice(0, 8);
    const parts = microBatches(eight, size);
    const weights = parts.flatMap((part) => [...part.weights].filter((weight) => weight > 0));
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
    // Tokens of an answer count alike, wherever they stand; the one that ends it counts a tenth of them, at most 1.
    const total = eight.reduce((sum, one) => sum + weightOf(one), 0);
    const expected = eight.flatMap((one) => {
      const before = supervisedCount(one) - 1;
      return [...new Array<number>(before).fill(1 / total), Math.min(1, before / 10) / total];
    });
    expect(weights).toHaveLength(expected.length);
    weights.forEach((weight, i) => {
      expect(weight).toBeCloseTo(expected[i] as number, 7);
    });
    expect(parts.every(({ batch }) => batch === size)).toBe(true);
  });

  it('gives a row of one supervised token its whole weight', () => {
    expect(weightOf({ tokenIds: [1, 2, 3], targetStart: 2 })).toBe(1);
    expect(weightOf({ tokenIds: [1, 2, 3, 4], targetStart: 2 })).toBeCloseTo(1.1, 12);
    expect(weightOf({ tokenIds: new Array<number>(31).fill(1), targetStart: 1 })).toBe(30);
  });
});

it('rows are padded to their bucket, but not beyond what the model can read', () => {
  expect([paddedLength(33, 96), paddedLength(33, 36), paddedLength(90, 80)]).toEqual([40, 36, 90]);
  const { tokens } = collate([{ tokenIds: new Array(33).fill(1), targetStart: 30 }], 1, 1, 35);
  expect(tokens).toBe(35);
});
