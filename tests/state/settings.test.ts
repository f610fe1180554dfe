/** Settings: what is wrong with them, what fixes it, what the engine gets, and what a link sets. */
import { describe, expect, it } from 'vitest';
import { isChosen, targetGroups, ticked, usualTargets } from '../../src/state/loraTargets';
import {
  createSettings,
  DEFAULTS,
  defaultsOf,
  type SettingsState,
  suggestInitText,
  toTuneSettings,
} from '../../src/state/settings';
import { checkSettings, type SettingsContext } from '../../src/state/settingsRules';
import { parseUrl } from '../../src/state/url';
import { createScriptedEngine } from '../support/scriptedEngine';
import { ignore, textSource } from '../support/source';

const QKV = (['q', 'k', 'v'] as const).map((role) => ({ role, module: `${role}_proj`, numbersPerRank: 100 }));
const CONTEXT: SettingsContext = { contextLength: 512, longestTokens: 43, loraTargets: QKV };
const check = (change: Partial<SettingsState>, context = CONTEXT) => checkSettings({ ...DEFAULTS, ...change }, context);

describe('settings', () => {
  it.each(['prefix', 'prompt', 'lora'] as const)('have defaults for %s that are valid', (method) => {
    expect(check(defaultsOf(method))).toEqual([]);
  });

  it('become what the engine gets, with the text of the start', () => {
    const { method, ...numbers } = toTuneSettings({ ...DEFAULTS, initText: 'Say it.' });
    const prefix = { type: 'prefix', length: 16, projection: null, frozenTokens: 0 };
    expect(method).toEqual({ ...prefix, init: { type: 'text', text: 'Say it.' } });
    expect(numbers).not.toHaveProperty('initType');
    expect(toTuneSettings({ ...DEFAULTS, initType: 'zero' }).method).toEqual({ ...prefix, init: { type: 'zero' } });
  });

  it('give the engine of each method its own fields, and the width of the network only where there is one', () => {
    const method = (change: Partial<SettingsState>) => toTuneSettings({ ...DEFAULTS, ...change }).method;
    expect(method({ encoded: true, frozenTokens: 2 })).toMatchObject({ projection: 128, frozenTokens: 2 });
    const init = { type: 'zero' };
    expect(method({ method: 'prompt', initType: 'zero' })).toEqual({ type: 'prompt', length: 16, init, encoder: null });
    const lora = { type: 'lora', rank: 8, alpha: 16, dropout: 0, targets: ['q', 'v'] };
    expect(method({ method: 'lora', length: 99 })).toEqual(lora);
  });

  it('take the learning rate of another method along, until the person sets one', () => {
    const settings = createSettings();
    const rate = () => settings.store.getState().learningRate;
    settings.set({ method: 'lora' });
    expect(rate()).toBe(defaultsOf('lora').learningRate);
    expect(rate()).toBeLessThan(DEFAULTS.learningRate);
    settings.set({ method: 'prompt' });
    expect(rate()).toBe(defaultsOf('prompt').learningRate);
    expect(rate()).toBeGreaterThan(defaultsOf('lora').learningRate);
    settings.set({ learningRate: 0.1 });
    settings.set({ method: 'lora' });
    expect(rate()).toBe(0.1);
    settings.reset();
    expect(settings.store.getState()).toMatchObject({ method: 'lora', learningRate: defaultsOf('lora').learningRate });
  });

  it.each([
    [{ length: 0 }, 'Length is at least 1.', { length: 1 }],
    [{ length: 65 }, 'Length is at most 64.', { length: 64 }],
    [{ steps: Number.NaN }, 'Steps needs a number.', { steps: DEFAULTS.steps }],
    [{ steps: 1.5 }, 'Steps is a whole number.', { steps: 2 }],
    [{ batchSize: 16, microBatchSize: 6 }, 'Micro-batches of 6 do not add up to a batch of 16.', { microBatchSize: 4 }],
    [{ initText: ' ' }, 'The text to start from is empty.', { initType: 'vocabulary' }],
    [{ encoded: true, encoderWidth: 0 }, 'Hidden width is at least 1.', { encoderWidth: 1 }],
    [{ length: 4, frozenTokens: 4 }, 'Of 4 tokens 4 are frozen, which leaves none to learn.', { frozenTokens: 3 }],
    [{ method: 'prompt', learningRate: 11 }, 'Learning rate is at most 10.', { learningRate: 0.05 }],
    [{ method: 'lora', rank: 0 }, 'Rank is at least 1.', { rank: 1 }],
    [{ method: 'lora', alpha: 0 }, 'Alpha is at least 0.01.', { alpha: 16 }],
    [{ method: 'lora', dropout: 1 }, 'Dropout is at most 0.9.', { dropout: 0 }],
    [{ method: 'lora', targets: [] }, 'LoRA needs at least one projection to go on.', { targets: ['q', 'v'] }],
    [{ method: 'lora', targets: ['q', 'up'] }, 'This model has no projection up.', { targets: ['q', 'v'] }],
  ] as const)('%o is an error with a way out', (change, message, fix) => {
    const [issue] = check(change);
    expect(issue).toMatchObject({ level: 'error', message, fix: { change: fix } });
    expect(issue?.fix?.label).not.toBe('');
    expect(check({ ...change, ...fix }).filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('of other methods are never wrong', () => {
    expect(
      check({ method: 'lora', length: 0, initText: '', frozenTokens: 99, encoded: true, encoderWidth: 0 }),
    ).toEqual([]);
    expect(check({ method: 'prompt', frozenTokens: 99, rank: 0, alpha: 0, targets: [] })).toEqual([]);
    expect(check({ method: 'prefix', rank: 0, dropout: 2, targets: [], encoderWidth: 0 })).toEqual([]);
  });

  it('say that LoRA has no place in a model without a known projection', () => {
    expect(check({ method: 'lora' }, { ...CONTEXT, loraTargets: [] })).toMatchObject([
      { field: 'targets', level: 'error', fix: { change: { method: 'prefix' } } },
    ]);
    expect(check({ method: 'lora' }, { ...CONTEXT, loraTargets: null })).toEqual([]);
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
    expect(check({ method: 'prompt', length: 32 }, { ...CONTEXT, longestTokens: 490 })[0]?.message).toMatch(
      /^Prompt and/,
    );
    expect(check({ method: 'lora', length: 32 }, { ...CONTEXT, longestTokens: 490 })).toEqual([]);
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

describe('the projections that LoRA goes on', () => {
  const packed = (['q', 'k', 'v'] as const).map((role) => ({ role, module: 'c_attn', numbersPerRank: 400 }));
  const targets = [...packed, { role: 'o', module: 'c_proj', numbersPerRank: 200 } as const];

  it('go together where one matrix is packed of them', () => {
    const [attention, output] = targetGroups(targets);
    expect(attention).toEqual({ module: 'c_attn', roles: ['q', 'k', 'v'] });
    expect(attention && isChosen(attention, ['v'])).toBe(true);
    expect(attention && ticked(attention, ['q', 'v', 'o'], false)).toEqual(['o']);
    expect(attention && ticked(attention, ['o'], true)).toEqual(['o', 'q', 'k', 'v']);
    expect(output && isChosen(output, ['v'])).toBe(false);
  });

  it('are queries and values unless the model has others only', () => {
    expect(usualTargets(targets)).toEqual(['q', 'v']);
    expect(usualTargets(targets.slice(3))).toEqual(['o']);
    expect(usualTargets([])).toEqual([]);
  });
});

describe('the text that is suggested as a start', () => {
  it('names the labels', async () => {
    const summary = await createScriptedEngine().setDataset(
      textSource('a.tsv', 'x\tgood\ny\tbad\nz\tgood'),
      {},
      ignore,
    );
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

  it('sets what is of one method only', () => {
    expect(parseUrl('?method=lora&rank=4&alpha=8&dropout=0.1&targets=q,down').settings).toEqual({
      ...{ method: 'lora', rank: 4, alpha: 8, dropout: 0.1 },
      targets: ['q', 'down'],
    });
    expect(parseUrl('?encoder=64&frozen=1').settings).toEqual({ encoded: true, encoderWidth: 64, frozenTokens: 1 });
    expect(parseUrl('?targets=q,w')).toMatchObject({
      settings: { targets: ['q'] },
      problems: ['targets=w is none of q, k, v, o, gate, up, down.'],
    });
    expect(createSettings(parseUrl('?method=lora').settings).store.getState().learningRate).toBe(
      defaultsOf('lora').learningRate,
    );
  });

  it('leaves out what it cannot mean, and says so', () => {
    const { settings, device, problems } = parseUrl('?device=tpu&method=magic&length=900&steps=abc&seed=&init=magic');
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
