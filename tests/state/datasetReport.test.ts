/** The report before training: what is said of the engine's counts. */
import { describe, expect, it } from 'vitest';
import {
  describeCut,
  describeDrawn,
  describeImbalance,
  describeLengths,
  lengthBars,
  reportNotes,
  sayLines,
  skippedCsv,
  skippedRows,
} from '../../src/state/datasetReport';
import { reportWith } from '../support/scriptedEngine';

const label = (name: string, count: number) => ({ label: name, count, word: name, tokens: [name], sameStart: [] });

describe('skipped rows', () => {
  it('are counted over all reasons, and found by their first lines', () => {
    const ragged = { kind: 'ragged', count: 1203, lines: [3, 8, 1400] } as const;
    const empty = { kind: 'empty-target', count: 1, lines: [12] } as const;
    expect(skippedRows(reportWith({ skipped: [ragged, empty] }))).toBe(1204);
    expect([ragged, empty].map(sayLines)).toEqual(['lines 3, 8, 1,400 and 1,200 more', 'line 12']);
  });

  it('leave as a CSV in which commas and quotes stand, and no cell is a formula', async () => {
    const problems = [
      { kind: 'ragged', file: 'a,b.csv', line: 3, reason: 'has 3 cells, not "2"' },
      { kind: 'empty-target', line: 9, column: '=HYPERLINK(1)', reason: 'the target is empty' },
    ] as const;
    expect(await skippedCsv(problems)).toBe(
      'file,line,column,kind,reason\n' +
        '"a,b.csv",3,,ragged,"has 3 cells, not ""2"""\n' +
        `,9,"'=HYPERLINK(1)",empty-target,the target is empty\n`,
    );
  });
});

describe('the lengths', () => {
  it('are bars of which those beyond the maximum stand out', () => {
    const bars = lengthBars(reportWith({ lengths: { width: 8, counts: [0, 5, 2, 1] }, maxTokens: 16 }));
    expect(bars.map(({ from, to, rows, beyond }) => [from, to, rows, beyond])).toEqual([
      [0, 8, 0, false],
      [8, 16, 5, false],
      [16, 24, 2, true],
      [24, 32, 1, true],
    ]);
  });

  it('of many are gathered in fewer bars, without losing a row', () => {
    const counts = Array.from({ length: 1000 }, () => 3);
    const bars = lengthBars(reportWith({ lengths: { width: 4, counts } }));
    expect(bars.length).toBeLessThanOrEqual(48);
    expect(bars.reduce((sum, { rows }) => sum + rows, 0)).toBe(3000);
    expect(bars[1]).toMatchObject({ from: 84, to: 168 });
  });

  it('are told in words, with the share that is cut', () => {
    const report = reportWith({
      lengths: { width: 8, counts: [0, 990, 0, 10] },
      maxTokens: 16,
      cutRows: 10,
      cutShare: 0.0004,
    });
    expect(describeLengths(report, 1031)).toBe(
      'Tokens per row: half of the rows have fewer than 16, the longest has 1,031. 10 rows (1 %) are cut at 16 tokens, which loses under 0.1 % of all tokens.',
    );
    expect(describeCut({ ...report, cutRows: 0 })).toBe('No row is cut at 16 tokens.');
    expect(describeLengths(reportWith({ lengths: { width: 8, counts: [] } }), 0)).toBe('No rows.');
  });
});

describe('the report', () => {
  it('says when rows were drawn from more', () => {
    expect(describeDrawn(reportWith({ drawn: 10_000, read: 1_000_000 }))).toBe(
      '10,000 of 1,000,000 rows, drawn at random',
    );
    expect(describeDrawn(reportWith({ drawn: null }))).toBeNull();
  });

  it('warns of rows that repeat, contradict or test what was learned, and of nothing else', () => {
    expect(reportNotes(reportWith({}))).toEqual([]);
    const notes = reportNotes(reportWith({ duplicates: 1, contradictions: 2, inBothSplits: 1200 }));
    expect(notes.map((note) => note.slice(0, 21))).toEqual([
      '1 row repeats an earl',
      '2 rows have the same ',
      '1,200 rows were held ',
    ]);
  });

  it('says so when one label has more than five times the rows of another', () => {
    expect(describeImbalance([label('good', 60), label('bad', 10)])).toContain('"good" has 6 times the rows of "bad"');
    expect(describeImbalance([label('good', 50), label('bad', 10)])).toBeNull();
    expect(describeImbalance([label('good', 50)])).toBeNull();
  });
});
