/** The mapping form: one role per column, and what a change leaves to the engine to guess. */
import { describe, expect, it } from 'vitest';
import { nextMapping, rolesFor, rolesOf, unknownColumns, withColumn, withRole } from '../../src/state/mapping';
import { mappingWith } from '../support/source';

const COLUMNS = ['who', 'a', 'b', 'c', 'id'];
const mapping = mappingWith({
  system: 'who',
  inputs: ['a', 'b'],
  target: 'c',
  template: '{a}{b}{c}',
  task: 'classification',
  words: { x: 'yes' },
});
const { template: _template, words: _words, ...columnsAlone } = mapping;

describe('the role of a column', () => {
  it('is told of every column, used or not', () => {
    expect([...rolesOf(mapping, COLUMNS).values()]).toEqual(['system', 'input', 'input', 'label', 'unused']);
    expect(rolesOf({ ...mapping, task: 'extraction' }, COLUMNS).get('c')).toBe('target');
  });

  it.each([
    ['target', 'generation'],
    ['label', 'classification'],
  ] as const)('%s moves the target that was to "not used" and leaves its words behind', (role, task) => {
    expect(withRole(mapping, 'b', role)).toEqual({ ...columnsAlone, inputs: ['a'], target: 'b', task, kind: 'plain' });
  });

  it('system moves the column that was it to "not used"', () => {
    const next = withRole(mapping, 'a', 'system');
    expect(next).toMatchObject({ system: 'a', inputs: ['b'], target: 'c', words: { x: 'yes' } });
    expect(next).not.toHaveProperty('template');
  });

  it('input is added behind the others; not used takes it away, also from the system message', () => {
    expect(withRole(mapping, 'id', 'input')).toMatchObject({ inputs: ['a', 'b', 'id'], system: 'who' });
    expect(withRole(mapping, 'who', 'unused')).toMatchObject({ inputs: ['a', 'b'], system: null });
  });

  it('is always target or label for one column, between which it may change', () => {
    expect(rolesFor(mapping, 'c')).toEqual(['target', 'label']);
    expect(withRole(mapping, 'c', 'unused')).toBe(mapping);
    expect(withRole(mapping, 'c', 'target')).toEqual({ ...mapping, task: 'generation' });
  });

  it('target keeps a task that has free answers', () => {
    expect(withRole({ ...mapping, task: 'persona' }, 'a', 'target').task).toBe('persona');
  });

  it('leaves the chat template chosen', () => {
    expect(withRole({ ...mapping, kind: 'chat' }, 'id', 'input').kind).toBe('chat');
  });
});

describe('a change of the template', () => {
  it('leaves the columns alone that it still names, and makes it one of the person', () => {
    const next = nextMapping({ ...mapping, kind: 'plain' }, { template: '{a} {c}' });
    expect(next).toEqual({ ...mapping, inputs: ['a'], template: '{a} {c}', kind: 'own' });
    expect(nextMapping({ ...mapping, kind: 'chat' }, { template: '{a} {c}' }).kind).toBe('chat');
  });

  it('to plain or chat lets it be made anew', () => {
    expect(nextMapping(mapping, { kind: 'chat' })).toEqual({ ...columnsAlone, words: { x: 'yes' }, kind: 'chat' });
    expect(nextMapping(mapping, { kind: 'own' })).toEqual({ ...mapping, kind: 'own' });
  });

  it('puts a column where the caret is, or else on a line above the target', () => {
    expect(withColumn('{a}\nOut: {c}', 'b', 'c', 3)).toBe('{a}{b}\nOut: {c}');
    expect(withColumn('{a}\nOut: {c}', 'b', 'c', null)).toBe('{a}\n{b}\nOut: {c}');
    expect(withColumn('Out: ', 'c', 'c', null)).toBe('Out: {c}');
  });

  it('names the columns that the data does not have', () => {
    expect(unknownColumns('{text} {lable} {lable}\n{label}', ['text', 'label'])).toEqual(['lable']);
  });
});

describe('the word for a label', () => {
  it('is kept beside the others, and goes when it is emptied or says the label itself', () => {
    const next = nextMapping(mapping, { label: 'y', word: ' no ' });
    expect(next.words).toEqual({ x: 'yes', y: 'no' });
    expect(nextMapping(next, { label: 'x', word: '' }).words).toEqual({ y: 'no' });
    expect(nextMapping(next, { label: 'y', word: 'y' }).words).toEqual({ x: 'yes' });
  });
});
