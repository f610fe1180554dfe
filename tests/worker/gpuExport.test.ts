/** From an adapter, the current dataset and settings to the zip for GPUs: what is in it is what trained here. */
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { singleModelLibrary } from '../../src/models';
import { PreludeEngine } from '../../src/worker/engine';
import type { ExportedFile, MethodSettings, TuneSettings } from '../../src/worker/protocol';
import { bundledFiles, bundledSource, quickRun, reviews } from '../support/nodeEngine';
import { ignore, textSource } from '../support/source';

const Row = z.object({
  line: z.number(),
  prompt: z.string(),
  target: z.string(),
  label: z.string().nullable(),
  target_start: z.number(),
  token_ids: z.array(z.number()),
});

const lora: MethodSettings = { type: 'lora', rank: 2, alpha: 4, dropout: 0.25, targets: ['q'] };
const oneStep = (method: MethodSettings): TuneSettings => ({ ...quickRun, method, steps: 1 });

const tokensOf = (rows: readonly { readonly token_ids: readonly number[] }[]) =>
  rows.map(({ token_ids }) => token_ids.join()).sort();

describe('a run for GPUs', () => {
  const started = new Map<string, string>();
  const traced: string[] = [];
  const engine = new PreludeEngine({
    models: singleModelLibrary(bundledFiles()),
    trace: {
      initial: (files) => {
        for (const { name, bytes } of files) started.set(name, new TextDecoder().decode(bytes));
      },
      batch: (_, rows) => traced.push(...rows.map(({ tokenIds }) => tokenIds.join())),
    },
  });
  let adapter: string;
  beforeAll(async () => {
    await engine.loadModel(bundledSource, 'wasm', () => {});
    await engine.setDataset(textSource('reviews.csv', reviews), { validationFraction: 0.2, seed: 1 }, ignore);
    adapter = (await engine.tune(oneStep(lora), () => {})).adapter.id;
  }, 60_000);
  afterAll(() => engine.unloadModel(), 60_000);

  const textsOf = ({ name, bytes }: ExportedFile) => {
    const folder = name.replace('.zip', '/');
    return (path: string): string => new TextDecoder().decode(unzipSync(bytes)[`${folder}${path}`]);
  };
  const rowsOf = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => Row.parse(JSON.parse(line)));

  it('has all rows of the dataset, split as they are here, with the tokens that trained', async () => {
    const text = textsOf(await engine.exportForGpus(adapter, oneStep(lora)));
    const [train, validation] = [rowsOf(text('data/train.jsonl')), rowsOf(text('data/validation.jsonl'))];
    expect([...train, ...validation].map(({ line }) => line).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 48 }, (_, i) => i + 2),
    );
    expect(validation.length).toBe(10);
    expect(traced).toHaveLength(quickRun.batchSize);
    expect(tokensOf(train)).toEqual(expect.arrayContaining(traced));
    const labels = z.record(z.string(), z.array(z.number())).parse(JSON.parse(text('data/labels.json')));
    expect(Object.keys(labels).sort()).toEqual(['bad', 'good']);
    for (const { prompt, target, label, target_start, token_ids } of train) {
      expect(prompt.endsWith(':')).toBe(true);
      expect(target).toBe(` ${label}`);
      expect(token_ids.slice(target_start)).toEqual(labels[label ?? '']);
    }
  });

  it('has the adapter as it is exported, and what only the settings know of its method', async () => {
    const text = textsOf(await engine.exportForGpus(adapter, oneStep(lora)));
    const exported = await engine.exportAdapter(adapter, 'zip');
    const [config] = Object.entries(unzipSync(exported.bytes)).filter(([name]) => name.endsWith('_config.json'));
    expect(text('adapter/adapter_config.json')).toBe(new TextDecoder().decode(config?.[1]));
    expect(JSON.parse(text('hyperparameters.json'))).toMatchObject({
      method: { type: 'lora', rank: 2, alpha: 4, dropout: 0.25 },
      steps: 1,
      micro_batch_size: 2,
    });
  });

  it('goes on with the method of the adapter, whatever method the settings are for', async () => {
    const long = { ...quickRun.method, length: 510 };
    const text = textsOf(await engine.exportForGpus(adapter, { ...quickRun, method: long }));
    expect(JSON.parse(text('hyperparameters.json'))).toMatchObject({
      method: { type: 'lora', rank: 2, alpha: 4, dropout: 0 },
    });
  });

  it('is an adapter to import, from the zip as it is', async () => {
    const { name, bytes } = await engine.exportForGpus(adapter, oneStep(lora));
    const { shape } = await engine.importAdapter([new File([new Uint8Array(bytes)], name)]);
    expect(shape).toMatchObject({ method: 'lora', rank: 2, alpha: 4 });
  });

  it('was traced from an adapter that changes nothing yet', () => {
    expect(JSON.parse(started.get('adapter_config.json') ?? '')).toMatchObject({ peft_type: 'LORA', r: 2 });
  });

  it('is refused without a dataset, and with settings that cannot train', async () => {
    await expect(engine.exportForGpus(adapter, { ...quickRun, steps: 0 })).rejects.toThrow(/steps is 0/);
    await engine.loadModel(bundledSource, 'wasm', () => {});
    await expect(engine.exportForGpus(adapter, quickRun)).rejects.toThrow('There is no dataset.');
  });
});
