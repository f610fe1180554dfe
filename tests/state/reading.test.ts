/** How files come in and are read: their one name, the bar, and what a person may say of the format. */
import { describe, expect, it } from 'vitest';
import { nextProgress, type ReadingProgress } from '../../src/state/datasetProgress';
import { datasetFiles, datasetName } from '../../src/state/intake';
import { describeReading, isRecognised, readingFields, withChoice } from '../../src/state/readingChoices';
import type { DatasetProgress, Reading } from '../../src/worker';

describe('the name of a dataset', () => {
  const named = (...paths: string[]) => datasetName(paths.map((path) => ({ path, blob: new Blob() })));

  it('is that of its file, of the folder all lie in, or how many they are', () => {
    expect(named('reviews.csv')).toBe('reviews.csv');
    expect(named('reviews/train.csv', 'reviews/more/test.csv')).toBe('reviews');
    expect(named('reviews/train.csv', 'other/test.csv', 'a.csv')).toBe('3 files');
  });

  it('does not depend on the order in which the files are dropped', () => {
    const files = ['b.csv', 'a.csv'].map((name) => new File([], name));
    expect(datasetFiles(files).map(({ path }) => path)).toEqual(['a.csv', 'b.csv']);
    expect(datasetFiles([...files].reverse()).map(({ path }) => path)).toEqual(['a.csv', 'b.csv']);
  });
});

describe('the bar of a reading', () => {
  const reading = (bytes: number) => ({ type: 'reading' as const, bytes, totalBytes: 100, rows: 1 });
  const tokenising = (rows: number) => ({ type: 'tokenising' as const, rows, totalRows: 10 });
  const play = (stages: readonly Exclude<DatasetProgress, { type: 'preview' }>[]) => {
    let now: ReadingProgress | null = null;
    return stages.map((stage) => {
      now = nextProgress(now, stage);
      return Math.round(100 * now.share);
    });
  };

  it('runs once over both stages and never goes back', () => {
    expect(play([reading(0), reading(50), reading(40), reading(100), tokenising(5), tokenising(10)])).toEqual([
      0, 40, 40, 80, 90, 100,
    ]);
  });

  it('belongs to the tokens alone where the rows are known already', () => {
    expect(play([tokenising(2), tokenising(10)])).toEqual([20, 100]);
  });
});

describe('what a person says of the format', () => {
  it('can only be what applies to it', () => {
    expect(readingFields({ format: 'parquet' })).toEqual([]);
    expect(readingFields({ format: 'csv' })).toContain('delimiter');
    expect(readingFields({ format: 'text' })).toContain('unit');
  });

  it('goes with the format, except for the encoding of other text', () => {
    const said = withChoice({ format: 'csv', encoding: 'utf-16le' }, { delimiter: ';' });
    expect(said).toEqual({ format: 'csv', encoding: 'utf-16le', delimiter: ';' });
    expect(withChoice(said, { format: 'text' })).toEqual({ format: 'text', encoding: 'utf-16le' });
    expect(withChoice(said, { format: 'parquet' })).toEqual({ format: 'parquet' });
    expect([isRecognised(said), isRecognised({}), isRecognised(undefined)]).toEqual([false, true, true]);
  });

  it('stands beside the reason, with the shape of the rows where others know it too', () => {
    const reading: Reading = {
      format: 'jsonl',
      encoding: 'utf-8',
      delimiter: null,
      header: null,
      unit: null,
      shape: 'sharegpt',
      reason: 'One JSON object per line.',
      files: [],
    };
    expect(describeReading(reading)).toBe('One JSON object per line. Each row is a conversation (ShareGPT).');
    expect(describeReading({ ...reading, shape: 'columns' })).toBe('One JSON object per line.');
  });
});
