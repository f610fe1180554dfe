/** A file answered by an adapter: the way from the file to the download, stops and failures. */
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/errors';
import { appliedWith, createApplying } from '../../src/state/applying';
import type { ApplyRequest, ExportedFile } from '../../src/worker/protocol';
import { createScriptedEngine, type Script } from '../support/scriptedEngine';

const FILE = { path: 'new.csv', blob: new Blob(['text\nFine.']) };

function applying(script: Script = {}) {
  const saved: ExportedFile[] = [];
  const made = createApplying(createScriptedEngine(script), (file) => saved.push(file));
  return { made, saved, state: () => made.store.getState() };
}

describe('a file', () => {
  it('is answered, saved with its predictions, and can be saved again', async () => {
    const requests: unknown[] = [];
    const { made, saved, state } = applying({ beforeEvaluating: (_, args) => requests.push(...args) });
    made.setMaxTokens(12);
    await made.apply('p', [FILE]);
    expect(requests).toMatchObject([{ adapterId: 'p', maxTokens: 12, source: { name: 'new.csv', files: [FILE] } }]);
    expect(saved.map(({ name }) => name)).toEqual(['new-predictions.csv']);
    expect(state()).toMatchObject({ working: null, done: { rows: 37, left: 3, stopped: false }, problem: null });
    made.downloadAgain();
    expect(saved[1]).toBe(saved[0]);
  });

  it('has a key of its own each time, since another may have the same name', async () => {
    const keys: string[] = [];
    const { made } = applying({
      beforeEvaluating: (_, args) => keys.push((args[0] as ApplyRequest).source.key),
    });
    await made.apply(null, [FILE]);
    await made.apply(null, [FILE]);
    expect(new Set(keys).size).toBe(2);
  });

  it('tells how far it is, and what was answered before a stop is saved', async () => {
    const { made, saved, state } = applying();
    made.store.subscribe(({ working }) => {
      if (working?.at?.rows === 16 && !working.stopping) made.stop();
    });
    await made.apply(null, [FILE]);
    expect(state().done).toMatchObject({ stopped: true, rows: 21 });
    expect(saved).toHaveLength(1);
  });

  it('comes alone', async () => {
    const requests: unknown[] = [];
    const { made, state } = applying({ beforeEvaluating: (_, args) => requests.push(...args) });
    await made.apply(null, [FILE, FILE]);
    expect(requests).toEqual([]);
    expect(state().problem?.message).toMatch(/^2 files/);
    made.dismissProblem();
    expect(state().problem).toBeNull();
  });

  it('that cannot be read saves nothing and tells why', async () => {
    const { made, saved, state } = applying({
      beforeEvaluating: () => {
        throw new DataError('new.csv has no column text.', { file: 'new.csv' }, 'Name it so.');
      },
    });
    await made.apply(null, [FILE]);
    expect(saved).toEqual([]);
    expect(state()).toMatchObject({ working: null, done: null, problem: { hint: 'Name it so.' } });
  });
});

it('a file is answered by what was chosen, as long as that is there; else by the adapter of Export, else by the newest', () => {
  const list = [{ id: 'p' }, { id: 'q' }];
  expect(appliedWith({ adapterId: null }, 'p', list)).toBeNull();
  expect(appliedWith({ adapterId: 'q' }, 'p', list)).toBe('q');
  expect(appliedWith({ adapterId: 'gone' }, 'p', list)).toBe('p');
  expect(appliedWith(null, 'of another model', list)).toBe('q');
  expect(appliedWith(null, null, [])).toBeNull();
});
