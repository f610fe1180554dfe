/** What "What did it learn?" is about: which adapter of Compare, and which prompt and answer. */
import { describe, expect, it } from 'vitest';
import { type Column, newColumn } from '../../src/state/columns';
import { type Compare, createCompare } from '../../src/state/compare';
import { isSameText, nowLookedAt, textToAsk } from '../../src/state/lookedAt';
import type { AdapterSummary } from '../../src/worker/protocol';
import { createScriptedEngine } from '../support/scriptedEngine';

const adapterOf = (id: string): AdapterSummary => ({
  id,
  name: id,
  model: 'tiny',
  shape: { method: 'prefix', length: 2 },
  parameters: 64,
  bytes: 256,
  steps: 1,
  baseLoss: null,
  loss: null,
  baseAccuracy: null,
  accuracy: null,
  origin: 'tuned',
  template: null,
});
const [a, b, c] = [adapterOf('a'), adapterOf('b'), adapterOf('c')];
const columnsOf = (...ids: string[]): Column[] => ids.map((id, at) => newColumn(at, { type: 'adapter', id }));

describe('the adapter that is looked into', () => {
  it('is the one that came into Compare last', () => {
    expect(nowLookedAt(null, [a], columnsOf('a'), [])).toBe(a);
    expect(nowLookedAt(a, [a, b], columnsOf('a', 'b'), columnsOf('a'))).toBe(b);
    expect(nowLookedAt(b, [a, b], columnsOf('a', 'a'), columnsOf('b', 'b'))).toBe(a);
  });

  it('stays while columns write and go, as long as the library has it', () => {
    expect(nowLookedAt(c, [a, b, c], columnsOf('a', 'b'), columnsOf('a', 'b'))).toBe(c);
    expect(nowLookedAt(b, [a, b], columnsOf('a'), columnsOf('a', 'b'))).toBe(b);
  });

  it('gives way to the last in Compare when it is gone, and to none where there is none', () => {
    expect(nowLookedAt(c, [a, b], columnsOf('a', 'b'), columnsOf('a', 'b'))).toBe(b);
    expect(nowLookedAt(c, [], [newColumn(1, { type: 'model' })], [])).toBeNull();
  });
});

describe('the text that it is looked at with', () => {
  const compareOf = (prompt: string | null): Compare => {
    const compare = createCompare(createScriptedEngine(), (flush) => flush(), prompt);
    compare.setAdapters(['a']);
    return compare;
  };

  it('is the prompt with the answer in the data, before anything is written', () => {
    const compare = compareOf(null);
    expect(textToAsk(compare.store.getState(), 'a')).toBeNull();
    compare.offer([{ line: 2, prompt: 'Review: Fine.\nVerdict:', target: ' good' }]);
    const text = { prompt: 'Review: Fine.\nVerdict:', format: 'text', answer: ' good', answerIs: 'expected' };
    expect(textToAsk(compare.store.getState(), 'a')).toEqual(text);
    compare.setPrompt('Review: Cold.\nVerdict:');
    expect(textToAsk(compare.store.getState(), 'a')).toMatchObject({ answer: '', answerIs: 'none' });
  });

  it('is what was asked with what the adapter wrote, also when the prompt was edited since', async () => {
    const compare = compareOf('Asked:');
    await compare.run();
    const written = compare.store.getState().columns.find(({ subject }) => subject.type === 'adapter')?.output.text;
    compare.setPrompt('Edited:');
    const text = textToAsk(compare.store.getState(), 'a');
    expect(text).toEqual({ prompt: 'Asked:', format: 'text', answer: written, answerIs: 'written' });
    expect(textToAsk(compare.store.getState(), 'other')).toMatchObject({ prompt: 'Edited:', answerIs: 'none' });
  });

  it('is another when prompt, format or answer are', () => {
    const text = { prompt: 'p', format: 'text', answer: 'a' } as const;
    expect(isSameText(text, { ...text })).toBe(true);
    for (const change of [{ prompt: 'q' }, { format: 'chat' }, { answer: '' }] as const) {
      expect(isSameText(text, { ...text, ...change })).toBe(false);
    }
  });
});
