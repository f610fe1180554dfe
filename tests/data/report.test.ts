/** What the report says of a dataset, on tokens that are bytes. */
import { describe, expect, it } from 'vitest';
import {
  datasetReport,
  type ParsedDataset,
  resolveMapping,
  splitExamples,
  type Tokenizer,
  trainingRows,
} from '../../src/data';
import type { ColumnMapping } from '../../src/worker';
import { byteTokenizer } from './byteTokenizer';
import { parsedCells, parsedRows } from './parsed';

const asks: Partial<ColumnMapping> = { template: '{q}={a}', task: 'generation' };

async function reportOf(parsed: ParsedDataset, maxTokens = 64, partial = asks) {
  const mapping = resolveMapping(parsed, partial);
  const rows = await trainingRows(parsed, mapping, byteTokenizer, { maxTokens });
  return datasetReport({ parsed, rows, split: splitExamples(rows.tokenised), maxTokens, maxTokensLimit: 100 });
}

describe('the report', () => {
  it('counts what is left out by its kind, those that could not be read as well, and names the first lines', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({ q: i % 2 ? '' : `q${i}`, a: i === 4 ? '' : 'a' }));
    const unreadable = [40, 41].map((line) => ({ kind: 'unreadable', line, reason: 'no' }) as const);
    const others = { read: 130, problems: unreadable, problemCounts: { unreadable: 100 } };
    const report = await reportOf(parsedCells(rows, others));
    expect(report).toMatchObject({ read: 130, drawn: null, usable: 14, split: 'random', inBothSplits: 0 });
    expect(report.skipped).toEqual([
      { kind: 'unreadable', count: 100, lines: [40, 41] },
      { kind: 'empty-input', count: 15, lines: [2, 4, 6, 8, 10, 12, 14, 16, 18, 20] },
      { kind: 'empty-target', count: 1, lines: [5] },
    ]);
  });

  it('says how many rows were drawn', async () => {
    const rows = [1, 2, 3].map((i) => ({ q: `q${i}`, a: 'a' }));
    expect(await reportOf(parsedCells(rows, { read: 900, drawn: true }))).toMatchObject({ read: 900, drawn: 3 });
  });

  it('counts rows that repeat, and rows that contradict an earlier one', async () => {
    const rows = ['1x', '1x', '1y', '1x', '1y', '2x'].map(([q = '', a = '']) => ({ q, a }));
    expect(await reportOf(parsedCells(rows))).toMatchObject({ duplicates: 3, contradictions: 1 });
    const plain = { inputs: [], target: 'a' };
    expect(await reportOf(parsedCells(rows), 64, plain)).toMatchObject({ duplicates: 4, contradictions: 0 });
  });

  it('counts held-out rows that are left out since they are learned from', async () => {
    const row = (q: string, split: 'train' | 'validation') => ({ split, cells: { q, a: 'a' } });
    const parsed = parsedRows([row('1', 'train'), row('2', 'train'), row('1', 'validation'), row('3', 'validation')]);
    const report = await reportOf(parsed);
    // Left out, it repeats nothing that is used.
    expect(report).toMatchObject({ inBothSplits: 1, duplicates: 0, usable: 3, split: 'column' });
    expect(report.skipped).toEqual([{ kind: 'in-both-splits', count: 1, lines: [3] }]);
  });

  it('has the lengths before anything is cut, and the share that is lost', async () => {
    const q = (length: number, i: number) => `${i}`.padEnd(length, 'q');
    // With `=`, the target and the end token, each row has three tokens more than its question.
    const rows = [37, 37, 7].map((length, i) => ({ q: q(length, i), a: 'a' }));
    const report = await reportOf(parsedCells([...rows, { q: 'q', a: 'a'.repeat(47) }]), 20);
    expect(report).toMatchObject({ cutRows: 2, cutShare: 40 / 90, maxTokens: 20, maxTokensLimit: 100 });
    const { width, counts } = report.lengths;
    expect(width).toBe(2);
    expect(counts).toHaveLength(26);
    expect(counts.flatMap((count, bin) => (count === 0 ? [] : [[bin * width, count]]))).toEqual([
      [10, 1],
      [40, 2],
      [50, 1],
    ]);
  });

  it.each([1, 39, 40, 41, 100, 1234])('has few bins where the longest row has %i tokens more', async (length) => {
    const rows = [1, 2].map((i) => ({ q: `${i}`.repeat(length), a: 'a' }));
    const { counts } = (await reportOf(parsedCells(rows), 2000)).lengths;
    expect(counts.at(-1)).toBe(2);
    expect(counts.length).toBeLessThanOrEqual(40);
    expect(counts.length).toBeGreaterThanOrEqual(Math.min(20, length + 4));
  });
});

it('texts that were encoded for the dataset before are not encoded again', async () => {
  const encoded: string[] = [];
  const counting: Tokenizer = {
    ...byteTokenizer,
    encode: (text) => {
      encoded.push(text);
      return byteTokenizer.encode(text);
    },
  };
  const parsed = parsedCells(['1x', '2x', '2x', '3y'].map(([q = '', a = '']) => ({ q, a })));
  const rowsWith = async (words: ColumnMapping['words'], maxTokens: number) => {
    encoded.length = 0;
    const mapping = resolveMapping(parsed, { ...asks, task: 'classification', words });
    return (await trainingRows(parsed, mapping, counting, { maxTokens })).tokenised;
  };
  const first = await rowsWith({}, 64);
  expect(encoded).toEqual(['1=', '1=x', '2=', '2=x', '3=', '3=y']);
  expect(await rowsWith({}, 32)).toEqual(first);
  expect(encoded).toEqual([]);
  const other = await rowsWith({ y: 'z' }, 64);
  expect(encoded).toEqual(['3=', '3=z']);
  expect(other.slice(0, 3)).toEqual(first.slice(0, 3));
});

describe('rows that are made a few at a time', () => {
  const parsed = parsedCells(Array.from({ length: 100 }, (_, i) => ({ q: `q${i}`, a: 'a' })));
  const mapping = resolveMapping(parsed, asks);

  it('tell at the end that all are there', async () => {
    const told: number[] = [];
    await trainingRows(parsed, mapping, byteTokenizer, { maxTokens: 64 }, { onProgress: (rows) => told.push(rows) });
    expect(told.at(-1)).toBe(100);
  });

  it('let others have their turn, and end with the reason they are given', async () => {
    const end = new AbortController();
    const reason = new Error('Something else was dropped.');
    let encoded = 0;
    // Takes so long for a text that each few rows are due for a pause.
    const slow = {
      ...byteTokenizer,
      encode: (text: string) => {
        encoded++;
        for (const since = performance.now(); performance.now() - since < 4; );
        return byteTokenizer.encode(text);
      },
    };
    setTimeout(() => end.abort(reason));
    const made = trainingRows(parsed, mapping, slow, { maxTokens: 64 }, { signal: end.signal });
    await expect(made).rejects.toBe(reason);
    expect(encoded).toBeLessThan(200);
  });
});
