/** What an adapter learned, as the page holds it: asked for by hand, streamed, stopped, and never of another adapter. */
import { describe, expect, it, vi } from 'vitest';
import { createLearned, figuresFor, type Learned, lossWithout } from '../../src/state/learned';
import type { LearnedEngine } from '../../src/worker/learnedProtocol';
import { createScriptedLearned } from '../support/scriptedLearned';

const prefix = { id: 'p', shape: { method: 'prefix', length: 2 } } as const;
const prompt = { id: 'q', shape: { method: 'prompt', length: 2 } } as const;
const lora = { id: 'r', shape: { method: 'lora', rank: 4, alpha: 8, modules: 2, targets: ['q_proj'] } } as const;
const text = { prompt: 'Verdict:', format: 'text', answer: ' good' } as const;

/** Answers wait until `go` is called, one at a time. */
function held() {
  const waiting: (() => void)[] = [];
  const engine = createScriptedLearned({ pace: () => new Promise<void>((resolve) => waiting.push(resolve)) });
  const go = async () => {
    waiting.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { engine, go };
}

function learnedOf(adapter: Parameters<Learned['choose']>[0], engine: LearnedEngine = createScriptedLearned()) {
  const learned = createLearned(engine);
  learned.choose(adapter);
  return { learned, state: () => learned.store.getState() };
}

describe('a figure', () => {
  it('is computed when it is asked for, of the adapter that is chosen', async () => {
    const engine = createScriptedLearned();
    const attention = vi.spyOn(engine, 'attention');
    const { learned, state } = learnedOf(prefix, engine);
    expect(state().attention).toEqual({ status: 'unasked' });
    const asked = learned.askAttention(text);
    expect(state()).toMatchObject({ attention: { status: 'working' }, text });
    await asked;
    expect(state().attention).toMatchObject({ status: 'done', value: { virtualTokens: 2 } });
    expect(attention).toHaveBeenCalledWith({ ...text, adapterId: 'p' });
    expect(state().norms).toEqual({ status: 'unasked' });
    await learned.askNorms();
    expect(state().norms).toMatchObject({ status: 'done', value: { method: 'prefix' } });
  });

  it('that could not be computed says why', async () => {
    const problem = { kind: 'data', message: 'The text is too long.', where: {}, hint: 'Shorten it.' } as const;
    const { learned, state } = learnedOf(prefix, {
      ...createScriptedLearned(),
      attention: () => Promise.reject(problem),
    });
    await learned.askAttention(text);
    expect(state().attention).toEqual({ status: 'failed', problem });
  });

  it('is not asked for where the method has none', async () => {
    const { learned, state } = learnedOf(lora);
    await learned.askAttention(text);
    await learned.askNeighbours();
    expect(state()).toMatchObject({ attention: { status: 'unasked' }, neighbours: { status: 'unasked' } });
    expect(figuresFor(lora).map(({ name }) => name)).toEqual(['ablation', 'norms']);
    expect(figuresFor(null)).toEqual([]);
    learned.choose(prompt);
    await learned.askNeighbours();
    expect(state().neighbours).toMatchObject({ status: 'done' });
  });

  it('of an adapter that is no longer chosen is dropped when it comes', async () => {
    const { engine, go } = held();
    const { learned, state } = learnedOf(prompt, engine);
    const asked = learned.askNeighbours();
    learned.choose(prefix);
    await go();
    await asked;
    expect(state().neighbours).toEqual({ status: 'unasked' });
  });

  it('of an older question gives way to that of the newer', async () => {
    const { engine, go } = held();
    const { learned, state } = learnedOf(prefix, engine);
    const first = learned.askAttention(text);
    const second = learned.askAttention({ ...text, answer: '' });
    await go();
    await first;
    expect(state().attention).toEqual({ status: 'working' });
    await go();
    await second;
    expect(state()).toMatchObject({ attention: { value: { answerTokens: 0 } }, text: { answer: '' } });
  });

  it('stays when the same adapter is chosen again', async () => {
    const { learned, state } = learnedOf(prefix);
    await learned.askNorms();
    learned.choose({ ...prefix });
    expect(state().norms.status).toBe('done');
  });
});

describe('ablation', () => {
  it('grows layer by layer', async () => {
    const { engine, go } = held();
    const { learned, state } = learnedOf(lora, engine);
    const asked = learned.askAblation();
    expect(state().progress).toBeNull();
    await go();
    expect(state().progress).toMatchObject({ of: 2, rows: 40, whole: { loss: 0.6 }, layers: [] });
    await go();
    expect(state().progress?.layers).toEqual([{ layer: 0, loss: 1.1, accuracy: 0.5 }]);
    await go();
    await asked;
    expect(state()).toMatchObject({ progress: null, ablation: { status: 'done', value: { stopped: false } } });
  });

  it('that is stopped keeps the layers it has', async () => {
    const { engine, go } = held();
    const { learned, state } = learnedOf(prefix, engine);
    const asked = learned.askAblation();
    await go();
    await go();
    learned.stopAblation();
    await go();
    await asked;
    expect(state().ablation).toMatchObject({ status: 'done', value: { stopped: true, layers: [{ layer: 0 }] } });
  });

  it('ends when another adapter is chosen, and tells nothing of it any more', async () => {
    const { engine, go } = held();
    const stop = vi.spyOn(engine, 'stopAblating');
    const { learned, state } = learnedOf(prefix, engine);
    const asked = learned.askAblation();
    await go();
    learned.choose(prompt);
    expect(stop).toHaveBeenCalledOnce();
    await go();
    await asked;
    expect(state()).toMatchObject({ ablation: { status: 'unasked' }, progress: null });
  });

  it('and norms are forgotten with their dataset, attention is not', async () => {
    const { learned, state } = learnedOf(prefix);
    await learned.askAblation();
    await learned.askNorms();
    await learned.askAttention(text);
    learned.forgetMeasurements();
    expect(state()).toMatchObject({
      ablation: { status: 'unasked' },
      norms: { status: 'unasked' },
      attention: { status: 'done' },
    });
  });

  it('tells how much worse it is without a layer, and where it is better', () => {
    const [whole, layers] = [{ loss: 0.6, accuracy: null }, [1.1, 0.5]];
    const without = lossWithout({ whole, layers: layers.map((loss, layer) => ({ layer, loss, accuracy: null })) });
    expect(without[0]).toBeCloseTo(0.5);
    expect(without[1]).toBeCloseTo(-0.1);
  });
});
