/** Settings: what is wrong with them, what fixes it, what the engine gets, and what a link sets. */
import { describe, expect, it } from 'vitest';
import {
  checkSettings,
  createSettings,
  DEFAULTS,
  type SettingsContext,
  type SettingsState,
  suggestInitText,
  toTuneSettings,
} from '../../src/state/settings';
import { parseUrl } from '../../src/state/url';
import { createScriptedEngine } from '../support/scriptedEngine';

const CONTEXT: SettingsContext = { contextLength: 512, longestTokens: 43, trainRows: 360 };
const check = (change: Partial<SettingsState>, context = CONTEXT) => checkSettings({ ...DEFAULTS, ...change }, context);

describe('settings', () => {
  it('have defaults that are valid', () => {
    expect(check({})).toEqual([]);
  });

  it('become what the engine gets, with the text of the start', () => {
    const { method, ...numbers } = toTuneSettings({ ...DEFAULTS, initText: 'Say it.' });
    const prefix = { type: 'prefix', length: 16, projection: null, frozenTokens: 0 };
    expect(method).toEqual({ ...prefix, init: { type: 'text', text: 'Say it.' } });
    expect(numbers).not.toHaveProperty('initType');
    expect(toTuneSettings({ ...DEFAULTS, initType: 'zero' }).method).toEqual({ ...prefix, init: { type: 'zero' } });
  });

  it.each([
    [{ length: 0 }, 'Length is at least 1.', { length: 1 }],
    [{ length: 65 }, 'Length is at most 64.', { length: 64 }],
    [{ steps: Number.NaN }, 'Steps needs a number.', { steps: DEFAULTS.steps }],
    [{ steps: 1.5 }, 'Steps is a whole number.', { steps: 2 }],
    [{ batchSize: 16, microBatchSize: 6 }, 'Micro-batches of 6 do not add up to a batch of 16.', { microBatchSize: 4 }],
    [{ initText: ' ' }, 'The text to start from is empty.', { initType: 'vocabulary' }],
  ] as const)('%o is an error with a way out', (change, message, fix) => {
    const [issue] = check(change);
    expect(issue).toMatchObject({ level: 'error', message, fix: { change: fix } });
    expect(issue?.fix?.label).not.toBe('');
    expect(check({ ...change, ...fix }).filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('leave the micro-batch and the memory to the engine unless a number is given', () => {
    expect(toTuneSettings(DEFAULTS)).toMatchObject({ microBatchSize: 'auto', memoryBudgetMiB: 'auto' });
    expect(check({ batchSize: 13, microBatchSize: 'auto' })).toEqual([]);
    expect(check({ memoryBudgetMiB: 2048 })).toEqual([]);
    expect(check({ memoryBudgetMiB: 1 })[0]).toMatchObject({ message: 'Memory budget is at least 64.' });
    expect(parseUrl('?micro=4&memory=512').settings).toEqual({ microBatchSize: 4, memoryBudgetMiB: 512 });
  });

  it('must leave room for the longest row in the context', () => {
    expect(check({ length: 32 }, { ...CONTEXT, longestTokens: 490 })).toMatchObject([
      { field: 'length', level: 'error', fix: { change: { length: 22 } } },
    ]);
    expect(check({ length: 22 }, { ...CONTEXT, longestTokens: 490 })).toEqual([]);
    expect(check({}, { ...CONTEXT, longestTokens: 600 })[0]?.fix).toBeNull();
  });

  it('take suggestions only for what the person has not touched', () => {
    const settings = createSettings();
    settings.suggest({ steps: 200, initText: 'From the sample.' });
    settings.set({ initText: 'Mine.' });
    settings.suggest({ steps: 300, initText: 'From another.' });
    expect(settings.store.getState()).toMatchObject({ steps: 300, initText: 'Mine.' });
  });

  it('keep the text when the start is something else for a while', () => {
    const settings = createSettings();
    settings.set({ initText: 'Mine.' });
    settings.set({ initType: 'random' });
    settings.set({ initType: 'text' });
    expect(settings.store.getState().initText).toBe('Mine.');
  });
});

describe('the text that is suggested as a start', () => {
  it('names the labels', async () => {
    const summary = await createScriptedEngine().setDataset('a.tsv', 'x\tgood\ny\tbad\nz\tgood', {});
    expect(suggestInitText(summary)).toBe('Read the text and say the label: good or bad.');
  });
});

describe('a link', () => {
  it('sets model, device, method and numbers', () => {
    expect(parseUrl('?model=other&method=prefix&device=wasm&length=8&lr=0.02&init=zero&sample=reviews')).toEqual({
      model: { type: 'bundled', name: 'other' },
      dtype: null,
      device: 'wasm',
      sample: 'reviews',
      prompt: null,
      settings: { method: 'prefix', length: 8, learningRate: 0.02, initType: 'zero' },
      problems: [],
    });
  });

  it('leaves out what it cannot mean, and says so', () => {
    const { settings, device, problems } = parseUrl('?device=tpu&method=lora&length=900&steps=abc&seed=&init=magic');
    expect(settings).toEqual({});
    expect(device).toBe('auto');
    expect(problems).toHaveLength(6);
    expect(problems.find((problem) => problem.startsWith('length'))).toBe(
      'length=900 is not a whole number from 1 to 64.',
    );
  });

  it('that says nothing means the bundled model', () => {
    expect(parseUrl('')).toMatchObject({
      model: { type: 'bundled', name: 'fable-7m' },
      dtype: null,
      device: 'auto',
      settings: {},
      problems: [],
    });
  });
});
