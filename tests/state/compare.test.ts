/** Compare: the prompt from held-out rows, the columns in turn, what a switch rewrites, and the end of all. */
import { describe, expect, it } from 'vitest';
import type { Subject } from '../../src/state/columns';
import { type Compare, createCompare, expectedAnswer, hasCompared, isWriting } from '../../src/state/compare';
import type { GenerateRequest } from '../../src/worker/protocol';
import { createScriptedEngine, type Script } from '../support/scriptedEngine';

const EXAMPLES = [
  { line: 4, prompt: 'Review: Fine.\nVerdict:', target: ' good' },
  { line: 9, prompt: 'Review: Cold.\nVerdict:', target: ' bad' },
];
const now = (flush: () => void) => flush();
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await tick();
};
const adapter = (id: string): Subject => ({ type: 'adapter', id });
const answer = ({ adapterId }: GenerateRequest) =>
  adapterId === null ? [' once', ' upon'] : [' good', ` ${adapterId}`];
const requests = (engine: ReturnType<typeof createScriptedEngine>) =>
  engine.calls.filter(({ method }) => method === 'generate').map(({ args }) => args[0] as GenerateRequest);
const outputs = ({ store }: Compare) => store.getState().columns.map(({ output }) => output);
const texts = (compare: Compare) => outputs(compare).map(({ text }) => text);
const subjects = ({ store }: Compare) => store.getState().columns.map(({ subject }) => subject);

/** The model alone, beside one adapter for each of the rest. */
function comparing(ids: readonly string[], script: Script = { answer }) {
  const engine = createScriptedEngine(script);
  const compare = createCompare(engine, now, 'Verdict:');
  compare.setAdapters(ids);
  while (compare.store.getState().columns.length <= ids.length) compare.addColumn();
  ids.forEach((id, at) => {
    compare.choose(compare.store.getState().columns[at + 1]?.id ?? 0, adapter(id));
  });
  return { engine, compare };
}

describe('compare', () => {
  it('fills the prompt from an example and knows the answer until the prompt is edited', () => {
    const compare = createCompare(createScriptedEngine(), now, null);
    compare.offer(EXAMPLES);
    expect(compare.store.getState().prompt).toBe(EXAMPLES[0]?.prompt);
    compare.nextExample();
    expect(expectedAnswer(compare.store.getState())).toBe(' bad');
    compare.setPrompt('Mine:');
    expect(expectedAnswer(compare.store.getState())).toBeNull();
    compare.offer(EXAMPLES);
    expect(compare.store.getState().prompt).toBe('Mine:');
  });

  it('writes every column from the same request but for the adapter', async () => {
    const { engine, compare } = comparing(['p', 'q']);
    await compare.run();
    expect(texts(compare)).toEqual([' once upon', ' good p', ' good q']);
    const [first, second, third] = requests(engine);
    expect(first?.adapterId).toBeNull();
    expect(second).toEqual({ ...first, adapterId: 'p' });
    expect(third).toEqual({ ...first, adapterId: 'q' });
    expect(hasCompared(compare.store.getState())).toBe(true);
  });

  it('writes only the model alone while there is no adapter', async () => {
    const { engine, compare } = comparing([]);
    expect(subjects(compare)).toEqual([{ type: 'model' }, { type: 'none' }]);
    await compare.run();
    expect(requests(engine)).toHaveLength(1);
    expect(outputs(compare).map(({ status }) => status)).toEqual(['done', 'empty']);
    expect(hasCompared(compare.store.getState())).toBe(false);
  });

  it('writes one column anew when its adapter is switched, and leaves the others as they are', async () => {
    const { engine, compare } = comparing(['p', 'q']);
    await compare.run();
    const [alone, , q] = outputs(compare);
    compare.choose(2, adapter('r'));
    await settle();
    expect(requests(engine).map(({ adapterId }) => adapterId)).toEqual([null, 'p', 'q', 'r']);
    expect(texts(compare)[1]).toBe(' good r');
    expect([outputs(compare)[0], outputs(compare)[2]]).toEqual([alone, q]);
    expect(engine.calls.every(({ method }) => method === 'generate')).toBe(true);
  });

  it('empties a switched column when the prompt is no longer the one of the others', async () => {
    const { engine, compare } = comparing(['p', 'q']);
    await compare.run();
    compare.setPrompt('Another:');
    compare.choose(2, adapter('r'));
    await settle();
    expect(requests(engine)).toHaveLength(3);
    expect(outputs(compare).map(({ status }) => status)).toEqual(['done', 'empty', 'done']);
  });

  it('drops the text that is being written when its column is switched, and writes the other adapter at once', async () => {
    const { engine, compare } = comparing(['p'], { answer, pace: tick });
    const written = compare.run();
    while (texts(compare)[1] === '') await tick();
    compare.choose(2, adapter('r'));
    await written;
    await settle();
    expect(engine.calls.map(({ method }) => method)).toEqual(['generate', 'generate', 'stopGenerating', 'generate']);
    expect(outputs(compare)[1]).toMatchObject({ status: 'done', text: ' good r', result: { reason: 'end' } });
    expect(isWriting(compare.store.getState())).toBe(false);
  });

  it('has one to four columns, and writes one that is added from the request of the others', async () => {
    const { engine, compare } = comparing(['p']);
    await compare.run();
    compare.setAdapters(['o', 'p']);
    for (let more = 0; more < 4; more++) compare.addColumn();
    await settle();
    expect(subjects(compare)).toEqual([{ type: 'model' }, adapter('p'), adapter('o'), { type: 'model' }]);
    expect(texts(compare)).toEqual([' once upon', ' good p', ' good o', ' once upon']);
    expect(new Set(requests(engine).map(({ prompt, sampling }) => `${prompt} ${sampling.seed}`)).size).toBe(1);
    for (const { id } of compare.store.getState().columns) compare.removeColumn(id);
    expect(subjects(compare)).toEqual([{ type: 'model' }]);
  });

  it('ends the text of a column that is taken away, and goes on with the next', async () => {
    const { compare } = comparing(['p', 'q'], { answer, pace: tick });
    const written = compare.run();
    while (texts(compare)[1] === '') await tick();
    compare.removeColumn(2);
    await written;
    expect(texts(compare)).toEqual([' once upon', ' good q']);
  });

  it('keeps what was written when it is ended, and does not begin the other columns', async () => {
    const { compare } = comparing(['p'], { answer, pace: tick });
    const ended = compare.run();
    while (texts(compare)[0] === '') await tick();
    compare.stop();
    await ended;
    const [base, tuned] = outputs(compare);
    expect(base).toMatchObject({ status: 'done', text: ' once', result: { reason: 'stopped' } });
    expect(tuned?.status).toBe('empty');
    expect(isWriting(compare.store.getState())).toBe(false);
  });

  it('shows an error in the column where it arose and goes on with the next', async () => {
    const { compare } = comparing(['p'], {
      answer: (request) => {
        if (request.adapterId === null) throw new Error('out of memory');
        return answer(request);
      },
    });
    await compare.run();
    expect(outputs(compare)).toMatchObject([
      { status: 'failed', problem: { kind: 'unexpected', message: 'out of memory' } },
      { status: 'done', text: ' good p' },
    ]);
  });
});

describe('an adapter that comes', () => {
  it('takes the column that waits for one, then the place of the one that was shown', () => {
    const compare = createCompare(createScriptedEngine(), now, null);
    expect(subjects(compare)).toEqual([{ type: 'model' }, { type: 'none' }]);
    compare.setAdapters(['p']);
    expect(subjects(compare)).toEqual([{ type: 'model' }, adapter('p')]);
    compare.show('q');
    expect(subjects(compare)).toEqual([{ type: 'model' }, adapter('q')]);
    compare.show('q');
    expect(subjects(compare)).toHaveLength(2);
  });

  it('comes beside those that are compared, as long as there is room', () => {
    const { compare } = comparing(['p', 'q']);
    compare.show('r');
    expect(subjects(compare)).toEqual([{ type: 'model' }, adapter('p'), adapter('q'), adapter('r')]);
    compare.show('s');
    expect(subjects(compare)).toEqual([{ type: 'model' }, adapter('p'), adapter('q'), adapter('s')]);
  });

  it('does not cut off the text of another that is being written', async () => {
    const { compare } = comparing(['p'], { answer, pace: tick });
    const written = compare.run();
    while (texts(compare)[1] === '') await tick();
    compare.show('q');
    await written;
    expect(texts(compare)).toEqual([' once upon', ' good p', ' good q']);
  });
});

describe('an adapter that goes', () => {
  it('leaves its column to the newest that no other shows, and an empty one when there is none', () => {
    const { compare } = comparing(['p', 'q']);
    compare.setAdapters(['o', 'q']);
    expect(subjects(compare)).toEqual([{ type: 'model' }, adapter('o'), adapter('q')]);
    compare.setAdapters(['q']);
    expect(subjects(compare)).toEqual([{ type: 'model' }, { type: 'none' }, adapter('q')]);
  });
});

describe('the tones of columns', () => {
  const tones = ({ store }: Compare) => store.getState().columns.map(({ tone }) => tone);

  it('are one for the model alone and another for each adapter, which keeps its own', () => {
    const { compare } = comparing(['p', 'q', 'r']);
    expect(tones(compare)).toEqual(['base', 'tuned', 'third', 'fourth']);
    compare.choose(2, { type: 'model' });
    expect(tones(compare)).toEqual(['base', 'base', 'third', 'fourth']);
    compare.choose(1, adapter('p'));
    expect(tones(compare)).toEqual(['tuned', 'base', 'third', 'fourth']);
    compare.choose(2, adapter('o'));
    expect(new Set(tones(compare)).size).toBe(4);
  });
});
