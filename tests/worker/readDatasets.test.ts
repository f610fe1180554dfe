/** What was read of the last datasets is not read again. */
import { describe, expect, it } from 'vitest';
import type { ReadOptions } from '../../src/data';
import type { DatasetSource } from '../../src/worker/protocol';
import { ReadDatasets } from '../../src/worker/readDatasets';

const options: ReadOptions = {
  choices: {},
  maxRows: 100,
  seed: 0,
  onProgress: () => {},
  onHead: () => {},
  signal: new AbortController().signal,
};

function dropped(key: string): { source: DatasetSource; reads: () => number } {
  const blob = new Blob(['text,label\ngood,yes\nbad,no\n']);
  let reads = 0;
  const files = () => {
    reads++;
    return [{ path: `${key}.csv`, blob }];
  };
  return {
    source: {
      key,
      name: `${key}.csv`,
      get files() {
        return files();
      },
    },
    reads: () => reads,
  };
}

describe('datasets that were read', () => {
  it('are kept for the same files, choices and sample', async () => {
    const datasets = new ReadDatasets();
    const { source, reads } = dropped('a');
    const first = await datasets.read(source, options);
    const before = reads();
    expect(await datasets.read(source, { ...options, choices: { format: undefined } })).toBe(first);
    expect(reads()).toBe(before);
    for (const other of [{ choices: { header: false } }, { maxRows: 1 }, { seed: 1 }]) {
      expect(await datasets.read(source, { ...options, ...other })).not.toBe(first);
    }
  });

  it('are the last two', async () => {
    const datasets = new ReadDatasets();
    const [a, b, c] = [dropped('a').source, dropped('b').source, dropped('c').source];
    const first = await datasets.read(a, options);
    const second = await datasets.read(b, options);
    expect(await datasets.read(a, options)).toBe(first);
    await datasets.read(c, options);
    expect(await datasets.read(a, options)).toBe(first);
    expect(await datasets.read(b, options)).not.toBe(second);
  });
});
