/** What a person may do while a run is under way, and what the engine refuses, with words that cross to the page. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdapterError, DataError, ModelError } from '../../src/errors';
import { serialiseError } from '../../src/worker/errors';
import type { GenerateRequest, TuneEvent } from '../../src/worker/protocol';
import {
  bundledSource,
  type NodeEngine,
  quickMethod,
  quickRun,
  readyTinyEngine,
  reviews,
  tinyEngine,
} from '../support/nodeEngine';
import { ignore, textSource } from '../support/source';

let at: NodeEngine;
beforeAll(async () => {
  at = await readyTinyEngine();
});
afterAll(() => at.engine.unloadModel());

const request: GenerateRequest = {
  prompt: 'The boat was',
  format: 'text',
  adapterId: null,
  sampling: { temperature: 0, topP: 1, maxTokens: 8, seed: 1 },
};

/** What was thrown, as the page gets it: through a structured clone. */
async function refusal(work: Promise<unknown>) {
  const error: unknown = await work.then(
    () => expect.fail('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  return structuredClone(serialiseError(error));
}

describe('during a run', () => {
  it('pause, resume and stop reach it between steps', async () => {
    const kinds: string[] = [];
    const done = await at.engine.tune({ ...quickRun, steps: 40 }, (event: TuneEvent) => {
      kinds.push('step' in event ? `${event.type} ${event.step}` : event.type);
      if (event.type === 'step' && event.step === 1) void at.engine.pause();
      if (event.type === 'paused') setImmediate(() => void at.engine.resume());
      if (event.type === 'step' && event.step === 2) void at.engine.stop();
    });
    const from = kinds.indexOf('step 1');
    expect(kinds.slice(from)).toEqual(['step 1', 'paused 1', 'resumed 1', 'step 2', 'validation 2', 'done']);
    expect(done).toMatchObject({ reason: 'stopped', adapter: { steps: 2 } });
    expect(done.message).toBe('Stopped after 2 of 40 steps; what it learned by then is kept.');
  });

  it('text is generated as if there were none', async () => {
    const alone = await at.engine.generate(request, () => {});
    let during: Promise<{ text: string }> | undefined;
    const steps: number[] = [];
    const tuned = await at.engine.tune({ ...quickRun, steps: 4, seed: 5 }, (event) => {
      if (event.type !== 'step') return;
      steps.push(event.loss);
      during ??= at.engine.generate(request, () => {});
    });
    expect((await during)?.text).toBe(alone.text);
    expect(tuned.reason).toBe('finished');
    const undisturbed: number[] = [];
    await at.engine.tune({ ...quickRun, steps: 4, seed: 5 }, (event) => {
      if (event.type === 'step') undisturbed.push(event.loss);
    });
    expect(steps).toEqual(undisturbed);
  });

  it('no second run begins, and the model stays', async () => {
    const refused: Promise<unknown>[] = [];
    await at.engine.tune({ ...quickRun, steps: 2 }, (event) => {
      if (event.type !== 'step' || event.step !== 1) return;
      refused.push(refusal(at.engine.tune(quickRun, () => {})));
      refused.push(refusal(at.engine.loadModel(bundledSource, 'wasm', () => {})));
    });
    expect(await Promise.all(refused)).toMatchObject([
      { kind: 'data', message: 'A run is already under way.', hint: 'Stop it first.' },
      { kind: 'model', message: 'A run is under way.', hint: 'Stop it before changing the model.' },
    ]);
    expect((await at.engine.evaluate(null)).loss).toBeGreaterThan(0);
  });

  it('a loss that is no number ends it, keeps the prefix before it, and says what to lower', async () => {
    const settings = { ...quickRun, learningRate: 3e38, warmupSteps: 0 };
    const done = await at.engine.tune(settings, () => {});
    expect(done.reason).toBe('diverged');
    expect(done.message).toContain('Lower the learning rate');
    expect(done.adapter.loss).toBeGreaterThan(0);
    expect(await at.engine.evaluate(done.adapter.id)).toMatchObject({ loss: done.adapter.loss });
  });
});

describe('refusals', () => {
  it('say that there is no model, and no dataset', async () => {
    const { engine } = tinyEngine();
    expect(await refusal(engine.setDataset(textSource('a.csv', reviews), {}, ignore))).toEqual({
      kind: 'model',
      message: 'No model is loaded.',
      where: {},
      hint: 'Choose a model first.',
    });
    await engine.loadModel(bundledSource, 'wasm', () => {});
    const missing = { kind: 'data', message: 'There is no dataset.', hint: 'Drop a dataset, or take a sample.' };
    expect(await refusal(engine.tune(quickRun, () => {}))).toMatchObject(missing);
    expect(await refusal(engine.evaluate(null))).toMatchObject(missing);
    await engine.unloadModel();
  });

  it.each([
    ['steps', -1],
    ['steps', 1.5],
    ['learningRate', Number.NaN],
    ['batchSize', 0],
    ['batchSize', 2.5],
    ['warmupSteps', -1],
    ['weightDecay', -0.1],
    ['weightDecay', Number.POSITIVE_INFINITY],
    ['maxGradNorm', Number.POSITIVE_INFINITY],
  ] as const)('name the setting that cannot work: %s %d', async (field, value) => {
    const refused = await refusal(at.engine.tune({ ...quickRun, [field]: value }, () => {}));
    expect(refused).toMatchObject({ kind: 'data', where: { field } });
    expect(refused.message).toContain(`${field} is ${value}`);
  });

  it.each([
    [{ ...quickMethod, length: 0 }, 'length is 0'],
    [{ ...quickMethod, frozenTokens: 4 }, 'frozenTokens is 4'],
    [{ ...quickMethod, projection: 0.5 }, 'projection is 0.5'],
    [{ type: 'prompt', length: 4, init: { type: 'zero' }, encoder: 0 }, 'encoder is 0'],
    [{ type: 'lora', rank: 1.5, alpha: 8, dropout: 0, targets: ['q'] }, 'rank is 1.5'],
    [{ type: 'lora', rank: 2, alpha: 8, dropout: 1, targets: ['q'] }, 'dropout is 1'],
    [{ type: 'lora', rank: 2, alpha: 8, dropout: 0, targets: [] }, 'LoRA has no projection'],
  ] as const)('name what of the method cannot work: %j', async (method, message) => {
    const refused = await refusal(at.engine.tune({ ...quickRun, method }, () => {}));
    expect(refused.kind).toBe('data');
    expect(refused.message).toContain(message);
  });

  it('say how long a prefix may be', async () => {
    const refused = await refusal(at.engine.tune({ ...quickRun, method: { ...quickMethod, length: 90 } }, () => {}));
    expect(refused).toMatchObject({ kind: 'data', where: { field: 'length' } });
    const longest = Number(/at most (\d+)/.exec(refused.hint ?? '')?.[1]);
    expect(longest).toBeGreaterThan(40);
    expect(longest).toBeLessThan(90);
  });

  it('say that the rows do not fit behind an adapter, wherever it came from', async () => {
    const method = { ...quickMethod, length: 48 };
    const { adapter } = await at.engine.tune({ ...quickRun, method, steps: 1 }, () => {});
    const { id } = await at.engine.compose(adapter.id, adapter.id);
    const tooLong = { kind: 'data', message: expect.stringContaining("adapter's 96 virtual tokens") };
    expect(await refusal(at.engine.evaluate(id))).toMatchObject(tooLong);
    expect(await refusal(at.engine.ablate(id, () => {}))).toMatchObject(tooLong);
    expect(await refusal(at.engine.exportForGpus(id, quickRun))).toMatchObject(tooLong);
  });

  it('say that a text to start from is empty', async () => {
    const refused = await refusal(
      at.engine.tune({ ...quickRun, method: { ...quickMethod, init: { type: 'text', text: '' } } }, () => {}),
    );
    expect(refused).toMatchObject({ kind: 'data', message: 'The text to start from is empty.' });
    // Refused after the run had begun: the next one can begin all the same.
    expect((await at.engine.tune({ ...quickRun, steps: 1 }, () => {})).reason).toBe('finished');
  });

  it('say that a prefix is gone', async () => {
    const gone = { kind: 'adapter', message: 'This adapter no longer exists.' };
    expect(await refusal(at.engine.evaluate('adapter-99'))).toMatchObject(gone);
    expect(await refusal(at.engine.exportAdapter('adapter-99', 'zip'))).toMatchObject(gone);
    expect(await refusal(at.engine.generate({ ...request, adapterId: 'adapter-99' }, () => {}))).toMatchObject(gone);
  });

  it('name the line of a file with no usable row, and keep the dataset there was', async () => {
    const before = await at.engine.evaluate(null);
    const refused = await refusal(at.engine.setDataset(textSource('empty.jsonl', '{"text": "a"\n'), {}, ignore));
    expect(refused).toMatchObject({ kind: 'data', where: { file: 'empty.jsonl', line: 1 } });
    expect(refused.hint).toBeTruthy();
    expect(await at.engine.evaluate(null)).toEqual(before);
  });

  it('refuse what is no adapter', async () => {
    const junk = new File([new Uint8Array([1, 2, 3])], 'junk.safetensors');
    expect(await refusal(at.engine.importAdapter([junk]))).toMatchObject({ kind: 'adapter' });
  });
});

describe('errors on their way to the page', () => {
  it('keep their kind, place and hint', () => {
    const where = { file: 'a.csv', line: 3, column: 'label' };
    expect(serialiseError(new DataError('bad row', where, 'mend it'))).toEqual({
      kind: 'data',
      message: 'bad row',
      where,
      hint: 'mend it',
    });
    expect(serialiseError(new ModelError('no')).kind).toBe('model');
    expect(serialiseError(new AdapterError('no')).hint).toBeNull();
  });

  it('of any other kind are called unexpected', () => {
    expect(serialiseError(new TypeError('x is undefined'))).toEqual({
      kind: 'unexpected',
      message: 'x is undefined',
      where: {},
      hint: null,
    });
    expect(serialiseError('text').message).toBe('text');
  });
});
