/** The dataset store: nothing that was dropped is lost, whatever the engine says to it. */
import { describe, expect, it } from 'vitest';
import { createDataset, datasetLine, usableDataset } from '../../src/state/dataset';
import { nextMapping, unknownColumns } from '../../src/state/mapping';
import { createScriptedEngine } from '../support/scriptedEngine';
import { mappingWith } from '../support/source';

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
    const shortened = [{ kind: 'shortened' as const, line: 2, reason: 'too long' }];
    expect(summary && datasetLine({ ...summary, shortened })).toBe('2 rows, 2 labels, 1 skipped, 1 shortened');
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

describe('a change of the mapping', () => {
  const mapping = mappingWith({ inputs: ['a', 'b'], target: 'c', template: '{a}{b}{c}', task: 'classification' });

  it('lets a new target trade places with an input, and the template be guessed anew', () => {
    expect(nextMapping(mapping, { target: 'b' })).toEqual({ inputs: ['a', 'c'], target: 'b' });
  });

  it('leaves everything else alone when the template is edited', () => {
    expect(nextMapping(mapping, { template: '{a} {c}' })).toEqual({ ...mapping, template: '{a} {c}' });
  });

  it('names the columns of a template that the data does not have', () => {
    expect(unknownColumns('{text} {lable} {lable}\n{label}', ['text', 'label'])).toEqual(['lable']);
  });
});
