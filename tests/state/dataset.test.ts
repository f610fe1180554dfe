/** The dataset store: nothing that was dropped is lost, whatever the engine says to it. */
import { describe, expect, it } from 'vitest';
import { createDataset, datasetLine, shownDataset, usableDataset } from '../../src/state/dataset';
import { createScriptedEngine, reportWith } from '../support/scriptedEngine';

const GOOD = 'Fine soup.\tgood\nCold soup.\tbad\nno label';
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function opened(script: Parameters<typeof createScriptedEngine>[0] = {}) {
  const engine = createScriptedEngine(script);
  const dataset = createDataset(engine);
  dataset.setModelReady(true);
  dataset.openText('reviews.tsv', GOOD);
  await settle();
  return { engine, dataset };
}

describe('the dataset', () => {
  it('waits for the model whose tokenizer reads it', async () => {
    const engine = createScriptedEngine();
    const dataset = createDataset(engine);
    dataset.openText('reviews.tsv', GOOD);
    await settle();
    expect(dataset.store.getState().pending?.source.name).toBe('reviews.tsv');
    expect(engine.calls).toHaveLength(0);
    dataset.setModelReady(true);
    await settle();
    expect(dataset.store.getState()).toMatchObject({ pending: null, current: { summary: { usableRows: 2 } } });
  });

  it('says in one line what it holds', async () => {
    const { dataset } = await opened();
    const summary = dataset.store.getState().current?.summary;
    expect(summary && datasetLine(summary)).toBe('2 rows, 2 labels, 1 skipped');
    const report = reportWith({ skipped: [{ kind: 'ragged', count: 1200, lines: [3] }], cutRows: 1 });
    expect(summary && datasetLine({ ...summary, report })).toBe('2 rows, 2 labels, 1,200 skipped, 1 shortened');
  });

  it('stays in use when another file cannot be read', async () => {
    const { dataset } = await opened();
    dataset.openText('broken.csv', 'nothing here');
    await settle();
    const { current, failure, pending } = dataset.store.getState();
    expect(current?.summary.name).toBe('reviews.tsv');
    expect(failure).toMatchObject({
      input: { source: { name: 'broken.csv' } },
      problem: { kind: 'data', where: { line: 1 } },
    });
    expect(pending).toBeNull();
  });

  it('that could not be read is read once a person says how', async () => {
    const { dataset } = await opened();
    dataset.openText('broken.csv', 'nothing here');
    await settle();
    dataset.rereadFailed({ delimiter: '~' });
    expect(dataset.store.getState().pending).toMatchObject({
      source: { name: 'broken.csv' },
      options: { reading: { delimiter: '~' } },
    });
    await settle();
    expect(dataset.store.getState().failure?.input.options.reading).toEqual({ delimiter: '~' });
  });

  it('says no more of a file that could not be read once another is dropped', async () => {
    const { dataset } = await opened();
    dataset.openText('broken.csv', 'nothing here');
    await settle();
    dataset.openText('other.tsv', 'a\tb');
    expect(dataset.store.getState()).toMatchObject({ failure: null, pending: { source: { name: 'other.tsv' } } });
  });

  it('is in reach after it was replaced, and undo can be undone', async () => {
    const { dataset } = await opened();
    dataset.openText('other.tsv', 'a\tb');
    await settle();
    expect(dataset.store.getState().previous?.summary.name).toBe('reviews.tsv');
    dataset.undo();
    await settle();
    expect(dataset.store.getState()).toMatchObject({
      current: { summary: { name: 'reviews.tsv' } },
      previous: { summary: { name: 'other.tsv' } },
    });
  });

  it('is not replaced by reading it in another way', async () => {
    const { dataset, engine } = await opened();
    dataset.remap({ template: '{text} → {label}' });
    await settle();
    expect(dataset.store.getState()).toMatchObject({
      previous: null,
      current: { summary: { mapping: { template: '{text} → {label}' } } },
    });
    expect(engine.calls.at(-1)?.args[1]).toMatchObject({ mapping: { template: '{text} → {label}', target: 'label' } });
  });

  it('keeps its mapping when the held-out share changes', async () => {
    const { dataset, engine } = await opened();
    dataset.remap({ template: '{text}: {label}' });
    await settle();
    dataset.setOptions({ validationFraction: 0.3 });
    await settle();
    expect(engine.calls.at(-1)?.args[1]).toMatchObject({
      validationFraction: 0.3,
      mapping: { template: '{text}: {label}' },
    });
  });

  it('reads only the newest of many changes', async () => {
    const { dataset, engine } = await opened();
    const before = engine.calls.length;
    for (const template of ['{t', '{te', '{text} {label}']) dataset.remap({ template });
    await settle();
    await settle();
    expect(engine.calls.length - before).toBeLessThanOrEqual(2);
    expect(dataset.store.getState().current?.summary.mapping.template).toBe('{text} {label}');
  });

  it('is read again when another model is loaded', async () => {
    const { dataset, engine } = await opened();
    dataset.setModelReady(false);
    dataset.setModelReady(true);
    await settle();
    expect(engine.calls.filter(({ method }) => method === 'setDataset')).toHaveLength(2);
    expect(dataset.store.getState().previous).toBeNull();
  });

  it('is none for a model that cannot read it, and comes back with the next one that can', async () => {
    let refuses = false;
    const { dataset } = await opened({
      before: () => {
        if (refuses) throw new Error('This model has no end token.');
      },
    });
    expect(usableDataset(dataset.store.getState())?.summary.usableRows).toBe(2);
    refuses = true;
    dataset.setModelReady(false);
    expect(usableDataset(dataset.store.getState())).toBeNull();
    dataset.setModelReady(true);
    await settle();
    const { failure, pending } = dataset.store.getState();
    expect(usableDataset(dataset.store.getState())).toBeNull();
    expect({ failure, pending }).toMatchObject({
      failure: { input: { source: { name: 'reviews.tsv' } } },
      pending: null,
    });
    refuses = false;
    dataset.setModelReady(false);
    dataset.setModelReady(true);
    await settle();
    expect(usableDataset(dataset.store.getState())?.summary.usableRows).toBe(2);
    expect(dataset.store.getState().failure).toBeNull();
  });

  it('is not taken for read when the model that read it has gone meanwhile', async () => {
    const { dataset } = await opened();
    dataset.openText('other.tsv', 'a\tb');
    dataset.setModelReady(false);
    await settle();
    expect(usableDataset(dataset.store.getState())).toBeNull();
  });

  it('comes back when the new model cannot read the file that was to replace it', async () => {
    const { dataset } = await opened();
    dataset.setModelReady(false);
    dataset.openText('broken.csv', 'nothing here');
    dataset.setModelReady(true);
    await settle();
    await settle();
    expect(usableDataset(dataset.store.getState())?.summary.name).toBe('reviews.tsv');
    expect(dataset.store.getState()).toMatchObject({
      pending: null,
      failure: { input: { source: { name: 'broken.csv' } } },
    });
  });
});

/** An engine whose every word waits until it is asked for. */
async function slowlyReading(reading: Parameters<typeof createScriptedEngine>[0] & object) {
  let go: (() => void)[] = [];
  let held = false;
  const engine = createScriptedEngine({
    ...reading,
    pace: () => (held ? new Promise<void>((resolve) => go.push(resolve)) : Promise.resolve()),
  });
  const dataset = createDataset(engine);
  dataset.setModelReady(true);
  const next = async () => {
    const [first, ...rest] = go;
    go = rest;
    first?.();
    await settle();
  };
  return {
    engine,
    dataset,
    next,
    hold: () => {
      held = true;
    },
    asked: () => engine.calls.filter(({ method }) => method === 'setDataset').map(({ args }) => args),
  };
}

const reading = (bytes: number) => ({ type: 'reading' as const, bytes, totalBytes: 200, rows: bytes * 10 });

describe('a large dataset', () => {
  it('shows its beginning while the rest is read, and the one before again when it is called off', async () => {
    const small = await opened();
    const head = small.dataset.store.getState().current?.summary;
    if (head === undefined) throw new Error('The small dataset was not read.');
    const { dataset, next, hold } = await slowlyReading({
      reading: [reading(20), { type: 'preview', summary: { ...head, name: 'the beginning' } }, reading(100)],
    });
    dataset.openText('old.tsv', GOOD);
    await settle();
    hold();
    dataset.openText('large.tsv', GOOD);
    await settle();
    for (let word = 0; word < 2; word++) await next();
    expect(shownDataset(dataset.store.getState())).toMatchObject({ whole: false, summary: { name: 'the beginning' } });
    expect(usableDataset(dataset.store.getState())?.summary.name).toBe('old.tsv');
    dataset.cancel();
    expect(dataset.store.getState().pending?.source.name).toBe('old.tsv');
    for (let word = 0; word < 8; word++) await next();
    expect(dataset.store.getState()).toMatchObject({ pending: null, head: null, progress: null, failure: null });
  });

  it('does not keep another waiting that is dropped meanwhile', async () => {
    const { dataset, next, hold, asked } = await slowlyReading({ reading: [reading(20)] });
    hold();
    dataset.openText('large.tsv', GOOD);
    await settle();
    dataset.openText('other.tsv', GOOD);
    await settle();
    expect(asked()).toHaveLength(2);
    await next();
    // That was a word of the first.
    expect(dataset.store.getState().progress).toBeNull();
    await next();
    expect(dataset.store.getState().progress?.stage).toEqual(reading(20));
    for (let word = 0; word < 4; word++) await next();
    expect(dataset.store.getState()).toMatchObject({ pending: null, current: { summary: { name: 'other.tsv' } } });
  });

  it('is read anew at once when the columns of its beginning change, with what was asked before', async () => {
    const small = await opened();
    const head = small.dataset.store.getState().current?.summary;
    if (head === undefined) throw new Error('The small dataset was not read.');
    const { dataset, next, hold, asked } = await slowlyReading({ reading: [{ type: 'preview', summary: head }] });
    hold();
    dataset.openText('large.tsv', GOOD);
    await settle();
    await next();
    dataset.remap({ task: 'generation' });
    expect(asked()).toHaveLength(2);
    await next();
    await next();
    dataset.setOptions({ maxRows: 50 });
    expect(asked().at(-1)?.[1]).toEqual({ maxRows: 50, mapping: { ...head.mapping, task: 'generation' } });
  });

  it('is read from its beginning at once when it is to be read in another way, and mapped anew', async () => {
    const { dataset, hold, asked } = await slowlyReading({});
    dataset.openText('large.tsv', GOOD);
    await settle();
    dataset.remap({ template: '{text} {label}' });
    await settle();
    hold();
    dataset.setOptions({ maxRows: 500 });
    dataset.reread({ delimiter: ';' });
    await settle();
    expect(asked().at(-1)?.[1]).toEqual({ maxRows: 500, reading: { delimiter: ';' } });
    dataset.reread({});
    await settle();
    expect(asked().at(-1)?.[1]).toEqual({ maxRows: 500 });
  });

  it('takes a second change together with a first that is still on its way', async () => {
    const { dataset, next, hold, asked } = await slowlyReading({});
    dataset.openText('large.tsv', GOOD);
    await settle();
    hold();
    dataset.remap({ column: 'text', role: 'system' });
    dataset.remap({ label: 'good', word: 'yes' });
    dataset.setOptions({ maxTokens: 64 });
    await settle();
    for (let word = 0; word < 2; word++) await next();
    // The template is not named: it is to be guessed for the new columns, whatever it was for the old ones.
    expect(asked().at(-1)?.[1]).toEqual({
      maxTokens: 64,
      mapping: {
        system: 'text',
        inputs: [],
        target: 'label',
        task: 'classification',
        kind: 'plain',
        words: { good: 'yes' },
      },
    });
  });
});
