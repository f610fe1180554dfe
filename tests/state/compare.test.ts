/** Compare: the prompt from held-out rows, both sides in turn, and the end of both. */
import { describe, expect, it } from 'vitest';
import { createCompare, expectedAnswer, isWriting } from '../../src/state/compare';
import type { GenerateRequest } from '../../src/worker/protocol';
import { createScriptedEngine } from '../support/scriptedEngine';

const EXAMPLES = [
  { line: 4, prompt: 'Review: Fine.\nVerdict:', target: ' good' },
  { line: 9, prompt: 'Review: Cold.\nVerdict:', target: ' bad' },
];
const now = (flush: () => void) => flush();
const settle = () => new Promise((resolve) => setImmediate(resolve));
const answer = ({ adapterId }: GenerateRequest) => (adapterId === null ? [' once', ' upon'] : [' good']);
const requests = (engine: ReturnType<typeof createScriptedEngine>) =>
  engine.calls.filter(({ method }) => method === 'generate').map(({ args }) => args[0] as GenerateRequest);

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

  it('writes both sides from the same request but for the prefix', async () => {
    const engine = createScriptedEngine({ answer });
    const compare = createCompare(engine, now, 'Verdict:');
    compare.selectPrefix('p');
    await compare.run();
    const { base, tuned } = compare.store.getState();
    expect([base.text, tuned.text]).toEqual([' once upon', ' good']);
    const [first, second] = requests(engine);
    expect(first?.adapterId).toBeNull();
    expect(second).toEqual({ ...first, adapterId: 'p' });
  });

  it('writes only the model alone while there is no prefix', async () => {
    const compare = createCompare(createScriptedEngine({ answer }), now, 'Verdict:');
    await compare.run();
    expect(compare.store.getState()).toMatchObject({ base: { status: 'done' }, tuned: { status: 'empty' } });
  });

  it('writes the tuned side anew when the prefix is switched', async () => {
    const engine = createScriptedEngine({ answer });
    const compare = createCompare(engine, now, 'Verdict:');
    compare.selectPrefix('p');
    await compare.run();
    compare.selectPrefix('q');
    await settle();
    expect(requests(engine).map(({ adapterId }) => adapterId)).toEqual([null, 'p', 'q']);
  });

  it('keeps what was written when it is ended, and does not begin the other side', async () => {
    const engine = createScriptedEngine({ answer, pace: settle as () => Promise<void> });
    const compare = createCompare(engine, now, 'Verdict:');
    compare.selectPrefix('p');
    const ended = compare.run();
    while (compare.store.getState().base.text === '') await settle();
    compare.stop();
    await ended;
    const { base, tuned } = compare.store.getState();
    expect(base).toMatchObject({ status: 'done', text: ' once', result: { reason: 'stopped' } });
    expect(tuned.status).toBe('empty');
    expect(isWriting(compare.store.getState())).toBe(false);
  });

  it('shows an error on the side where it arose and goes on with the other', async () => {
    const engine = createScriptedEngine({
      answer: (request) => {
        if (request.adapterId === null) throw new Error('out of memory');
        return answer(request);
      },
    });
    const compare = createCompare(engine, now, 'Verdict:');
    compare.selectPrefix('p');
    await compare.run();
    expect(compare.store.getState()).toMatchObject({
      base: { status: 'failed', problem: { kind: 'unexpected', message: 'out of memory' } },
      tuned: { status: 'done', text: ' good' },
    });
  });
});
