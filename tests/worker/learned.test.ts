/** What is told of an adapter on the bundled model: figures as plain data, and refusals with reasons. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDataset } from '../../src/data';
import { adapterOf } from '../../src/inference';
import { bytesOfArray } from '../../src/runtime';
import { type LoraValues, type Method, prefixMethod, promptMethod, Random } from '../../src/tuning';
import { type InUse, Learned } from '../../src/worker/learned';
import type { AblationEvent } from '../../src/worker/learnedProtocol';
import { figuresOf } from '../../src/worker/learnedWords';
import { type OpenModel, openModel } from '../../src/worker/openModel';
import { type PreparedDataset, prepareDataset } from '../../src/worker/preparedDataset';
import { bundledFiles, quickRun, readyEngine, reviews } from '../support/nodeEngine';

const LAYERS = 8;
const question = { prompt: 'The boat was lovely.\nVerdict:', format: 'text', answer: ' good' } as const;

let model: OpenModel;
let dataset: PreparedDataset | null;
let learned: Learned;
const inUse = new Map<string, InUse>();
const disposals: (() => void)[] = [];

/** Brings an adapter that starts from a text to the device, as it is before any step. */
async function bring(name: string, { graft, initial, adapter }: Method): Promise<void> {
  const { loaded } = model;
  const values = await adapter(loaded, await initial(loaded, new Random(1)));
  const trainable = loaded.backend.upload('float32', [values.values.length], bytesOfArray(values.values));
  const owned = await adapterOf(loaded, graft, { trainable, frozen: null });
  disposals.push(owned.dispose, () => loaded.backend.free(trainable));
  inUse.set(name, { model, values, onDevice: owned.adapter });
}

const lora: LoraValues = {
  method: 'lora',
  rank: 1,
  alpha: 2,
  modules: [{ path: 'model.layers.3.self_attn.q_proj', inFeatures: 2, outFeatures: 1 }],
  values: Float32Array.of(3, 4, 2),
};

beforeAll(async () => {
  model = await openModel(bundledFiles(), 'wasm', () => {});
  const { loaded, tokenizer } = model;
  dataset = await prepareDataset(
    parseDataset('reviews.csv', reviews),
    { validationFraction: 0.1, seed: 1 },
    tokenizer,
    256,
  );
  const text = (words: string) => ({ type: 'text', tokenIds: tokenizer.encode(words) }) as const;
  const prefix = prefixMethod(loaded, { length: 4, init: text('Is it good?'), projection: null, frozenTokens: 0 });
  const prompt = promptMethod(loaded, { length: 3, init: text('good or bad'), encoder: null });
  for (const [name, method] of [
    ['prefix', prefix],
    ['prompt', prompt],
  ] as const) {
    await bring(name, method);
  }
  const graft = { kind: 'graft', graft: prompt.graft, feeds: {} } as const;
  inUse.set('lora', { model, values: lora, onDevice: graft });
  learned = new Learned({
    inUse: async (id) => inUse.get(id) as InUse,
    dataset: () => dataset,
    data: () => dataset as PreparedDataset,
    whileRead: (work) => work(model),
  });
}, 60_000);
afterAll(async () => {
  for (const dispose of disposals) dispose();
  await model.dispose();
});

describe('attention', () => {
  it('is told of every layer and head, in shares that are 1 together', async () => {
    const figure = await learned.attention({ ...question, adapterId: 'prefix' });
    expect(structuredClone(figure)).toEqual(figure);
    expect(figure).toMatchObject({ virtualTokens: 4, answerTokens: 1 });
    expect(figure.layers).toHaveLength(LAYERS);
    for (const { atPrompt, atAnswer } of figure.layers) {
      for (const shares of [atPrompt, atAnswer]) {
        shares?.virtual.forEach((virtual, head) => {
          expect(virtual).toHaveLength(4);
          const rest = [shares.prompt, shares.answer, shares.sink].map((part) => part[head] ?? 0);
          expect([...virtual, ...rest].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
        });
      }
    }
  });

  it('is told of prompts as of prefixes', async () => {
    const figure = await learned.attention({ ...question, adapterId: 'prompt', answer: '' });
    expect(figure).toMatchObject({ virtualTokens: 3, answerTokens: 0 });
    expect(figure.layers.every(({ atAnswer }) => atAnswer === null)).toBe(true);
  });

  it('is refused for a text that does not fit, for none, and where there is nothing to look at', async () => {
    const ask = (adapterId: string, prompt: string) =>
      learned.attention({ ...question, adapterId, prompt, answer: '' });
    await expect(ask('prefix', 'The boat was lovely. '.repeat(200))).rejects.toThrow('The text is too long');
    await expect(ask('prefix', '')).rejects.toThrow('The prompt is empty');
    await expect(ask('lora', 'The boat')).rejects.toThrow('puts nothing in front of the text');
  });
});

describe('ablation', () => {
  it('measures the adapter without each layer in turn, beside it whole and the model alone', async () => {
    const events: AblationEvent[] = [];
    const figure = await learned.ablate('prefix', (event) => events.push(event));
    const { alone, whole, rows, layers } = figure;
    expect(events[0]).toEqual({ type: 'begun', layers: LAYERS, rows, alone, whole });
    expect(events.slice(1)).toEqual(layers.map((result) => ({ type: 'layer', result })));
    expect(rows).toBe(dataset?.summary.validationRows);
    expect(layers.map(({ layer }) => layer)).toEqual(Array.from({ length: LAYERS }, (_, layer) => layer));
    expect(figure.stopped).toBe(false);
    const losses = [alone, whole, ...layers].map(({ loss }) => loss);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(new Set(losses).size).toBe(LAYERS + 2);
    expect(layers.every(({ accuracy }) => accuracy !== null)).toBe(true);
  });

  it('ends after the layer under way when it is stopped, and keeps what it has', async () => {
    const figure = await learned.ablate('prompt', (event) => {
      if (event.type === 'layer' && event.result.layer === 1) void learned.stopAblating();
    });
    expect(figure.stopped).toBe(true);
    expect(figure.layers.map(({ layer }) => layer)).toEqual([0, 1]);
  });

  it('does not begin with a layer where it is stopped while the adapter is still brought', async () => {
    const ablation = learned.ablate('prefix', () => {});
    await learned.stopAblating();
    expect(await ablation).toMatchObject({ layers: [], stopped: true });
  });

  it('is of the last adapter that was asked about: one under way ends', async () => {
    let next: Promise<unknown> = Promise.resolve();
    const first = await learned.ablate('prefix', (event) => {
      if (event.type === 'begun') next = learned.ablate('prompt', () => void learned.stopAblating());
    });
    expect(first.stopped).toBe(true);
    await next;
  });
});

describe('norms', () => {
  it('of a prefix that is a text are about those of the dataset’s own texts', async () => {
    const figure = await learned.norms('prefix');
    if (figure.method !== 'prefix') expect.fail(figure.method);
    expect(figure.comparedTo).toBe('dataset');
    expect(figure.layers).toHaveLength(LAYERS);
    for (const { prefix, text } of figure.layers) {
      for (const ratio of [prefix.keys / text.keys, prefix.values / text.values]) {
        expect(ratio).toBeGreaterThan(0.5);
        expect(ratio).toBeLessThan(2);
      }
    }
  });

  it('of a prefix stand beside those of a text of ours while there is no dataset', async () => {
    const kept = dataset;
    dataset = null;
    const figure = await learned.norms('prefix');
    dataset = kept;
    expect(figure).toMatchObject({ method: 'prefix', comparedTo: 'sample' });
  });

  it('of a prompt stand beside those of the vocabulary', async () => {
    const figure = await learned.norms('prompt');
    if (figure.method !== 'prompt') expect.fail(figure.method);
    expect(figure.tokens).toHaveLength(3);
    for (const norm of figure.tokens) expect(norm / figure.vocabulary).toBeGreaterThan(0.3);
  });

  it('of a LoRA are those of its updates', async () => {
    const modules = [{ path: 'model.layers.3.self_attn.q_proj', layer: 3, norm: 20 }];
    expect(await learned.norms('lora')).toEqual({ method: 'lora', modules });
  });
});

describe('neighbours', () => {
  it('of a prompt made of words are these words', async () => {
    const { tokens } = await learned.neighbours('prompt');
    const started = model.tokenizer.encode('good or bad').slice(0, 3);
    expect(tokens.map(([nearest]) => nearest?.id)).toEqual(started);
    for (const near of tokens) {
      expect(near).toHaveLength(5);
      expect(near[0]?.text).toBe(model.tokenizer.decode([near[0]?.id ?? 0]));
      expect(near[0]?.cosine).toBeCloseTo(1, 5);
      const cosines = near.map(({ cosine }) => cosine);
      expect(cosines).toEqual([...cosines].sort((a, b) => b - a));
    }
  });

  it('are refused for a prefix, which is no word', async () => {
    await expect(learned.neighbours('prefix')).rejects.toThrow('Only the tokens of a prompt');
  });
});

describe('the engine', () => {
  it('tells all of this of an adapter that it tuned, and lets go of it when the model goes', async () => {
    const { engine } = await readyEngine();
    const { adapter } = await engine.tune({ ...quickRun, steps: 1 }, () => {});
    const figure = await engine.attention({ ...question, adapterId: adapter.id });
    expect(figure.layers).toHaveLength(LAYERS);
    expect(await engine.norms(adapter.id)).toMatchObject({ method: 'prefix', comparedTo: 'dataset' });
    await expect(engine.neighbours(adapter.id)).rejects.toThrow('Only the tokens of a prompt');
    await expect(engine.norms('another')).rejects.toThrow('no longer exists');
    const { whole } = await engine.ablate(adapter.id, () => void engine.stopAblating());
    expect(whole.loss).toBeCloseTo((await engine.evaluate(adapter.id)).loss, 5);
    let leaving: Promise<void> | null = null;
    const cut = await engine.ablate(adapter.id, () => {
      leaving ??= engine.unloadModel();
    });
    expect(cut.stopped).toBe(true);
    await leaving;
    await expect(engine.ablate(adapter.id, () => {})).rejects.toThrow('No model is loaded');
  }, 60_000);

  it('takes the updates of one layer after the other out of a LoRA', async () => {
    const { engine } = await readyEngine();
    const method = { type: 'lora', rank: 4, alpha: 8, dropout: 0, targets: ['q', 'v'] } as const;
    const { adapter } = await engine.tune({ ...quickRun, method, steps: 4, batchSize: 8, microBatchSize: 8 }, () => {});
    const { whole, layers } = await engine.ablate(adapter.id, () => {});
    const losses = layers.map(({ loss }) => loss);
    expect(losses).toHaveLength(LAYERS);
    expect(new Set([...losses, whole.loss]).size).toBe(LAYERS + 1);
    await engine.unloadModel();
  }, 60_000);

  it('has no figure that a method has none of', () => {
    const named = (method: 'prefix' | 'prompt' | 'lora') => figuresOf[method].map(({ name }) => name);
    expect(named('prefix')).toEqual(['attention', 'ablation', 'norms']);
    expect(named('prompt')).toEqual(['attention', 'ablation', 'norms', 'neighbours']);
    expect(named('lora')).toEqual(['ablation', 'norms']);
  });

  it('has one sentence for each', () => {
    for (const { explanation } of Object.values(figuresOf).flat()) expect(explanation).toMatch(/^[A-Z][^.]{80,}\.$/);
  });
});
