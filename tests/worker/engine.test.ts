/** The main job, without a page: load, read data, tune, measure, export, import, generate, and leave nothing behind. */
import { createHash } from 'node:crypto';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LoadedDecoder } from '../../src/runtime';
import type {
  DatasetProgress,
  GenerateRequest,
  LoadProgress,
  TuneEvent,
  TuneSettings,
} from '../../src/worker/protocol';
import { AdapterShelf } from '../../src/worker/storedAdapter';
import { bundledSource, type NodeEngine, nodeEngine, quickRun, readyEngine, reviews } from '../support/nodeEngine';
import { ignore, textSource } from '../support/source';

const NOTHING = { tensors: 0, bytes: 0, sessions: 0 };

async function hashOfWeights(decoder: LoadedDecoder): Promise<string> {
  const hash = createHash('sha256');
  for await (const { name, dims, bytes } of decoder.store.contents())
    hash.update(name).update(dims.join()).update(bytes);
  return hash.digest('hex');
}

const request = (adapterId: string | null, more: Partial<GenerateRequest['sampling']> = {}): GenerateRequest => ({
  prompt: 'The cake was sweet.',
  format: 'text',
  adapterId,
  sampling: { temperature: 0, topP: 1, maxTokens: 6, seed: 1, ...more },
});

const file = ({ name, bytes }: { name: string; bytes: Uint8Array }) => new File([new Uint8Array(bytes)], name);

describe('the main job', () => {
  let at: NodeEngine;
  let before: string;
  const events: TuneEvent[] = [];
  let done: Extract<TuneEvent, { type: 'done' }>;
  beforeAll(async () => {
    at = await readyEngine();
    before = await hashOfWeights(await at.decoder());
    done = await at.engine.tune(quickRun, (event) => events.push(event));
  });
  afterAll(() => at.engine.unloadModel());

  it('a run tells of every step, and ends with a prefix that is measured', () => {
    expect(events.filter(({ type }) => type === 'step').map((event) => 'step' in event && event.step)).toEqual([
      1, 2, 3,
    ]);
    expect(events.filter(({ type }) => type === 'validation').map((event) => 'step' in event && event.step)).toEqual([
      0, 3,
    ]);
    expect(events.at(-1)).toEqual(done);
    expect(done).toMatchObject({ reason: 'finished', message: 'Tuned for 3 steps.' });
    expect(done.adapter).toMatchObject({
      shape: { method: 'prefix', length: 4 },
      steps: 3,
      origin: 'tuned',
      parameters: 8 * 2 * 4 * 4 * 32,
    });
    expect(done.adapter.template).toContain('{text}');
  });

  it('a second run on the same dataset has the first one’s baseline, without measuring it again', async () => {
    const again: TuneEvent[] = [];
    await at.engine.tune({ ...quickRun, steps: 1 }, (event) => again.push(event));
    const baseline = (all: readonly TuneEvent[]) => all.find(({ type }) => type === 'baseline');
    const prepared = (all: readonly TuneEvent[]) => all.flatMap((event) => ('what' in event ? [event.what] : []));
    expect(baseline(again)).toEqual(baseline(events));
    expect(prepared(events)).toContain('Measuring the model alone');
    expect(prepared(again)).not.toContain('Measuring the model alone');
  });

  it('leaves the weights of the model bit-identical', async () => {
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await hashOfWeights(await at.decoder())).toBe(before);
  });

  it('evaluation gives the losses that the run reported', async () => {
    const [base, tuned] = [await at.engine.evaluate(null), await at.engine.evaluate(done.adapter.id)];
    expect(base).toEqual({ loss: done.adapter.baseLoss, accuracy: done.adapter.baseAccuracy });
    expect(tuned).toEqual({ loss: done.adapter.loss, accuracy: done.adapter.accuracy });
    expect(tuned.loss).toBeLessThan(base.loss);
  });

  it.each(['zip', 'safetensors'] as const)('a prefix exported as %s and imported has the same loss', async (format) => {
    const exported = await at.engine.exportAdapter(done.adapter.id, format);
    expect(exported.name).toMatch(new RegExp(`^[a-z0-9-]+\\.${format}$`));
    const imported = await at.engine.importAdapter([file(exported)]);
    expect(imported).toMatchObject({
      origin: 'imported',
      shape: { method: 'prefix', length: 4 },
      loss: null,
      parameters: done.adapter.parameters,
    });
    expect(imported.id).not.toBe(done.adapter.id);
    const { loss } = await at.engine.evaluate(imported.id);
    expect(Math.abs(loss - (done.adapter.loss as number))).toBeLessThanOrEqual(1e-6);
    expect((await at.engine.adapters()).usable.map(({ id }) => id)).toContain(imported.id);
    expect(await at.engine.exportAdapter(imported.id, 'safetensors')).toMatchObject({
      bytes: (await at.engine.exportAdapter(done.adapter.id, 'safetensors')).bytes,
    });
  });

  it('describes the files that a zip holds', async () => {
    const { files, tensors } = await at.engine.describeExport(done.adapter.id);
    const { bytes } = await at.engine.exportAdapter(done.adapter.id, 'zip');
    const inside = Object.entries(unzipSync(bytes)).map(([path, content]) => [path.split('/').at(-1), content.length]);
    expect(Object.fromEntries(inside)).toEqual(Object.fromEntries(files.map(({ name, bytes }) => [name, bytes])));
    expect(tensors).toEqual([{ name: 'prompt_embeddings', dataType: 'F32', dims: [4, 8 * 2 * 4 * 32] }]);
  });

  it('an estimate knows the size at once, and the time once a step has run', async () => {
    const { trainableParameters, fraction, adapterBytes, seconds } = await at.engine.estimate(quickRun);
    expect(trainableParameters).toBe(done.adapter.parameters);
    expect(fraction).toBeGreaterThan(0);
    expect(fraction).toBeLessThan(0.01);
    expect(adapterBytes).toBe(done.adapter.bytes);
    expect(seconds).toBeGreaterThan(0);
  });

  it('generates with and without the prefix, streaming the text it returns', async () => {
    const pieces: string[] = [];
    const base = await at.engine.generate(request(null), (piece) => pieces.push(piece));
    expect(pieces.join('')).toBe(base.text);
    expect(base.tokens).toBeGreaterThan(0);
    const tuned = await at.engine.generate(request(done.adapter.id), () => {});
    expect(tuned.text).not.toBe(base.text);
    expect((await at.engine.generate(request(null), () => {})).text).toBe(base.text);
  });

  it('generation stops when it is told to', async () => {
    let stopped = false;
    const { reason, tokens } = await at.engine.generate(request(null, { maxTokens: 200 }), () => {
      if (stopped) return;
      stopped = true;
      void at.engine.stopGenerating();
    });
    expect(reason).toBe('stopped');
    expect(tokens).toBeLessThan(10);
  });

  it('generation that is told to stop before it has begun writes nothing', async () => {
    const generation = at.engine.generate(request(done.adapter.id), () => {});
    await at.engine.stopGenerating();
    expect(await generation).toMatchObject({ reason: 'stopped', tokens: 0 });
  });
});

describe('a run on little memory', () => {
  let at: NodeEngine;
  beforeAll(async () => {
    at = await readyEngine();
  });
  afterAll(() => at.engine.unloadModel());

  const run: TuneSettings = { ...quickRun, steps: 2, batchSize: 16, microBatchSize: 'auto', memoryBudgetMiB: 1024 };
  const curve = async (memoryBudgetMiB: number): Promise<number[]> => {
    const losses: number[] = [];
    await at.engine.tune({ ...run, memoryBudgetMiB }, (event) => {
      if (event.type === 'step' || event.type === 'validation') losses.push(event.loss);
    });
    return losses;
  };

  it('whose estimate exceeds the budget trains in smaller micro-batches, and gives the same losses', async () => {
    const whole = await at.engine.estimate(run);
    expect(whole.memory).toMatchObject({ microBatchSize: 16, recompute: false });
    const undisturbed = await curve(1024);
    expect(undisturbed).toHaveLength(4);
    for (const [budget, expected] of [
      [90, { microBatchSize: 8, recompute: false }],
      [70, { microBatchSize: 4, recompute: false }],
      [60, { recompute: true }],
    ] as const) {
      expect(whole.memory?.memoryBytes).toBeGreaterThan(budget * 2 ** 20);
      const { memory } = await at.engine.estimate({ ...run, memoryBudgetMiB: budget });
      expect(memory).toMatchObject(expected);
      expect(memory?.memoryBytes).toBeLessThanOrEqual(budget * 2 ** 20);
      (await curve(budget)).forEach((loss, i) => {
        expect(Math.abs(loss - (undisturbed[i] as number)), `${budget} MiB`).toBeLessThanOrEqual(1e-5);
      });
    }
  });

  it('is refused before its first step where nothing fits, in the estimate as well', async () => {
    const events: TuneEvent[] = [];
    const tuning = at.engine.tune({ ...run, memoryBudgetMiB: 40 }, (event) => events.push(event));
    await expect(tuning).rejects.toMatchObject({ kind: 'device', message: expect.stringContaining('does not fit') });
    expect(events).toEqual([]);
    const { trainableParameters, memory, memoryProblem } = await at.engine.estimate({ ...run, memoryBudgetMiB: 40 });
    expect(trainableParameters).toBeGreaterThan(0);
    expect(memory).toBeNull();
    expect(memoryProblem).toMatchObject({
      kind: 'device',
      message: expect.stringMatching(/does not fit: .* and the budget is 40 MiB/),
    });
  });
});

describe('while the model loads', () => {
  it('a dataset may be dropped already', async () => {
    const { engine } = nodeEngine();
    const progress: LoadProgress['status'][] = [];
    const loading = engine.loadModel(bundledSource, 'wasm', ({ status }) => progress.push(status));
    const summary = await engine.setDataset(textSource('reviews.csv', reviews), {}, ignore);
    expect(summary).toMatchObject({
      usableRows: 48,
      skipped: [],
      mapping: { task: 'classification', target: 'label' },
    });
    await loading;
    expect(progress.at(-1)).toBe('ready');
    await engine.unloadModel();
  });

  it('a dataset gives way to the next, and to the model that it was made ready for', async () => {
    const { engine } = await readyEngine();
    const steps: DatasetProgress[] = [];
    const set = (name: string, onProgress: (progress: DatasetProgress) => void) =>
      engine.setDataset(textSource(name, reviews), {}, onProgress);
    const early = set('early.csv', ignore).catch((error: unknown) => error);
    const late = await set('late.csv', (progress) => steps.push(progress));
    expect(await early).toMatchObject({ kind: 'data', message: 'Another dataset was dropped meanwhile.' });
    expect(late.name).toBe('late.csv');
    expect(steps.at(-1)).toEqual({ type: 'tokenising', rows: 48, totalRows: 48 });
    let unloading: Promise<void> | undefined;
    const stale = set('stale.csv', ({ type }) => {
      if (type === 'tokenising') unloading ??= engine.unloadModel();
    });
    await expect(stale).rejects.toThrow('The model was exchanged meanwhile.');
    await unloading;
  });

  it('a dataset goes to the model that was chosen last', async () => {
    const { engine } = nodeEngine();
    const first = engine.loadModel(bundledSource, 'wasm', () => {});
    const early = engine.setDataset(textSource('reviews.csv', reviews), {}, ignore).catch((error: unknown) => error);
    const second = engine.loadModel(bundledSource, 'wasm', () => {});
    const late = engine.setDataset(textSource('reviews.csv', reviews), {}, ignore);
    expect(await early).toMatchObject({ message: 'The model was exchanged meanwhile.' });
    expect((await late).usableRows).toBe(48);
    expect((await first).name).toBe((await second).name);
    await engine.unloadModel();
  });
});

describe('unloading', () => {
  it('leaves nothing alive on the device: no weight, no prefix, no session', async () => {
    const { engine, decoder } = await readyEngine();
    const { adapter: prefix } = await engine.tune({ ...quickRun, steps: 1 }, () => {});
    await engine.evaluate(prefix.id);
    await engine.generate(request(prefix.id), () => {});
    const { backend } = await decoder();
    expect(backend.live().sessions).toBeGreaterThan(0);
    expect(backend.live().bytes).toBeGreaterThan(1e6);
    await engine.unloadModel();
    expect(backend.live()).toEqual(NOTHING);
    expect(await engine.adapters()).toEqual({ usable: [], others: [prefix] });
  });

  it('waits for an adapter that is being brought to the device, and for what it is brought for', async () => {
    const { engine, decoder } = await readyEngine();
    const { adapter } = await engine.tune({ ...quickRun, steps: 1 }, () => {});
    const bring = AdapterShelf.prototype.device;
    let unloading: Promise<void> | undefined;
    vi.spyOn(AdapterShelf.prototype, 'device').mockImplementationOnce(async function (this: AdapterShelf, id, model) {
      await Promise.resolve();
      unloading = engine.unloadModel();
      await new Promise(setImmediate);
      return bring.call(this, id, model);
    });
    expect((await engine.evaluate(adapter.id)).loss).toBe(adapter.loss);
    await unloading;
    expect((await decoder()).backend.live()).toEqual(NOTHING);
  });

  it('waits for the run that is under way', async () => {
    const { engine, decoder } = await readyEngine();
    let unloading: Promise<void> | undefined;
    const done = await engine.tune({ ...quickRun, steps: 50 }, (event) => {
      if (event.type === 'step') unloading ??= engine.unloadModel();
    });
    expect(done.reason).toBe('stopped');
    await unloading;
    expect((await decoder()).backend.live()).toEqual(NOTHING);
    expect(await engine.adapters()).toEqual({ usable: [], others: [done.adapter] });
    await expect(engine.evaluate(null)).rejects.toThrow('No model is loaded.');
  });

  it('a prefix outlasts a model that cannot be loaded, and is there again with its own', async () => {
    const { engine } = await readyEngine();
    const { adapter: prefix } = await engine.tune({ ...quickRun, steps: 1 }, () => {});
    const before = await engine.exportAdapter(prefix.id, 'safetensors');
    vi.spyOn(LoadedDecoder, 'load').mockRejectedValueOnce(new Error('no graph'));
    await expect(engine.loadModel(bundledSource, 'wasm', () => {})).rejects.toThrow('no graph');
    expect(await engine.adapters()).toEqual({ usable: [], others: [prefix] });
    expect(await engine.exportAdapter(prefix.id, 'safetensors')).toEqual(before);
    await engine.loadModel(bundledSource, 'wasm', () => {});
    expect(prefix.model).toBe('fable-7m');
    expect(await engine.adapters()).toEqual({ usable: [prefix], others: [] });
    await engine.setDataset(textSource('reviews.csv', reviews), { validationFraction: 0.2, seed: 1 }, ignore);
    expect((await engine.evaluate(prefix.id)).loss).toBeCloseTo(prefix.loss as number, 6);
    await engine.unloadModel();
  });
});
