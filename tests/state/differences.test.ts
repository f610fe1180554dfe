/** What differs between runs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differences, type RunConfig } from '../../src/state/differences';
import { DEFAULTS, toTuneSettings } from '../../src/state/settings';
import { keptRun } from '../support/keptRun';

const run = (change: Partial<typeof DEFAULTS> = {}, more: Partial<RunConfig> = {}): RunConfig => ({
  ...keptRun('a'),
  settings: toTuneSettings({ ...DEFAULTS, ...change }),
  ...more,
});

describe('the differences between runs', () => {
  it('are none between equal ones, and none of one alone', () => {
    expect(differences([run(), run(), run()])).toEqual([]);
    expect(differences([run()])).toEqual([]);
    expect(differences([])).toEqual([]);
  });

  it('are the fields that are not all the same, by the names of the form, with units', () => {
    expect(differences([run(), run({ length: 1, learningRate: 0.01 }), run({ microBatchSize: 4 })])).toEqual([
      { name: 'Length', values: ['16 virtual tokens', '1 virtual token', '16 virtual tokens'] },
      { name: 'Learning rate', values: ['0.05', '0.01', '0.05'] },
      { name: 'Micro-batch', values: ['auto', 'auto', '4 rows'] },
    ]);
  });

  it('between methods leave open what one of them does not have', () => {
    expect(differences([run({ initType: 'zero' }), run({ method: 'lora', dropout: 0.1 })])).toEqual([
      { name: 'Method', values: ['prefix-tuning', 'LoRA'] },
      { name: 'Length', values: ['16 virtual tokens', null] },
      { name: 'Rank', values: [null, '8'] },
      { name: 'Alpha', values: [null, '16'] },
      { name: 'Dropout', values: [null, '10 %'] },
      { name: 'On', values: [null, 'q, v'] },
      { name: 'Start', values: ['zeros', null] },
      { name: 'Encoder', values: ['none', null] },
      { name: 'Frozen', values: ['0 virtual tokens', null] },
    ]);
  });

  it('tell datasets of one name apart', () => {
    const on = (id: string, name: string) => run({}, { dataset: { id, name } });
    expect(differences([on('1', 'a.csv'), on('2', 'a.csv'), on('3', 'b.csv'), on('1', 'a.csv')])).toEqual([
      { name: 'Dataset', values: ['a.csv, version 1', 'a.csv, version 2', 'b.csv', 'a.csv, version 1'] },
    ]);
  });

  it('name every number of the settings that is changed', () => {
    const numbers = ['steps', 'batchSize', 'warmupSteps', 'weightDecay', 'maxGradNorm', 'evalEvery', 'seed'] as const;
    fc.assert(
      fc.property(fc.subarray([...numbers]), (changed) => {
        const other = run(Object.fromEntries(changed.map((field) => [field, DEFAULTS[field] + 1])));
        expect(differences([run(), other])).toHaveLength(changed.length);
      }),
    );
  });
});
