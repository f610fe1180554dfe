/** Answers written many at a time are those that each prompt gets alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Graft, linearModules } from '../../src/autodiff';
import { DataError } from '../../src/errors';
import { adapterOf, cachedReader, type DeviceAdapter, generate, generateBatch, slotsOf } from '../../src/inference';
import { bytesOfArray } from '../../src/runtime';
import { loraGraft, loraTargets, promptGraft, Random } from '../../src/tuning';
import { asAdapter } from '../support/prefixes';
import { CONTEXT, openTiny, randomIds, type TinyModel, textPrefix } from '../support/tinyModel';

/** Lengths in no order, so that rows of one batch differ. */
const prompts = [5, 1, 12, 8, 3].map((length, i) => randomIds(i + 1, length));
const defaults = {
  maxTokens: 5,
  contextLength: CONTEXT,
  endTokenIds: [] as readonly number[],
  batchSize: 3,
  isStopped: () => false,
};

async function oneByOne(
  { loaded, kernels }: TinyModel,
  adapter: DeviceAdapter | null,
  texts: readonly (readonly number[])[],
  options: Partial<typeof defaults> = {},
) {
  const answers = [];
  for (const promptIds of texts) {
    const open = (capacity: number) => cachedReader(loaded, kernels, adapter, capacity);
    answers.push(
      await generate(open, {
        ...defaults,
        ...options,
        promptIds,
        prefixLength: slotsOf(adapter),
        sampling: { temperature: 0, topP: 1 },
        random: new Random(0),
        onToken: () => {},
      }),
    );
  }
  return answers;
}

async function withRandom<T>(tiny: TinyModel, graft: Graft, use: (adapter: DeviceAdapter) => Promise<T>): Promise<T> {
  const random = new Random(9);
  const values = Float32Array.from({ length: graft.size }, () => 0.3 * random.normal());
  const trainable = tiny.backend.upload('float32', [values.length], bytesOfArray(values));
  const { adapter, dispose } = await adapterOf(tiny.loaded, graft, { trainable, frozen: null });
  try {
    return await use(adapter);
  } finally {
    dispose();
    tiny.backend.free(trainable);
  }
}

describe.each([
  'llama_q4',
  'qwen3_q4',
  'gpt2_merged',
  // A sliding window, and distances that are told by slots (ALiBi).
  'gemma3_q4',
  'mpt_ts14_q4',
])('on %s', (fixture) => {
  let tiny: TinyModel;
  beforeAll(async () => {
    tiny = await openTiny(fixture, { contextLength: CONTEXT });
  });
  afterAll(() => tiny.dispose());

  it('alone', async () => {
    const answers = await generateBatch(tiny.loaded, tiny.kernels, null, prompts, defaults);
    expect(answers).toEqual(await oneByOne(tiny, null, prompts));
  });

  it('behind a prefix', async () => {
    const prefix = await textPrefix(tiny, randomIds(20, 6));
    const adapter = asAdapter(prefix);
    const answers = await generateBatch(tiny.loaded, tiny.kernels, adapter, prompts, defaults);
    expect(answers).toEqual(await oneByOne(tiny, adapter, prompts));
    tiny.backend.free(prefix.parameters);
  });
});

describe('a batch', () => {
  let tiny: TinyModel;
  beforeAll(async () => {
    tiny = await openTiny('llama_q4', { contextLength: CONTEXT });
  });
  afterAll(() => tiny.dispose());
  const written = (texts: readonly (readonly number[])[], options: Partial<typeof defaults> = {}) =>
    generateBatch(tiny.loaded, tiny.kernels, null, texts, { ...defaults, ...options });

  it('reads with an adapter of every method', async () => {
    const { decoder } = tiny.loaded;
    const targets = loraTargets('llama', linearModules(decoder));
    const grafts = [promptGraft(tiny.loaded, 3), loraGraft(decoder, targets, { rank: 2, alpha: 4, dropout: 0 })];
    const bare = await written(prompts);
    for (const graft of grafts) {
      await withRandom(tiny, graft, async (adapter) => {
        const answers = await generateBatch(tiny.loaded, tiny.kernels, adapter, prompts, defaults);
        expect(answers).toEqual(await oneByOne(tiny, adapter, prompts));
        expect(answers).not.toEqual(bare);
      });
    }
  });

  it('ends each row at its own end token, while the others go on', async () => {
    const [first] = await written(prompts);
    const endTokenIds = [first?.tokenIds[2] as number];
    const answers = await written(prompts, { endTokenIds });
    expect(answers).toEqual(await oneByOne(tiny, null, prompts, { endTokenIds }));
    expect(new Set(answers.map(({ reason }) => reason))).toEqual(new Set(['end', 'length']));
  });

  it('ends each row where the model can read no further', async () => {
    const texts = [randomIds(1, CONTEXT - 2), randomIds(2, 70), randomIds(3, CONTEXT - 9)];
    const answers = await written(texts, { maxTokens: 20 });
    expect(answers.map(({ tokenIds }) => tokenIds.length)).toEqual([2, 20, 9]);
    expect(answers).toEqual(await oneByOne(tiny, null, texts, { maxTokens: 20 }));
  });

  it('refuses prompts that leave no room', async () => {
    await expect(written([randomIds(1, CONTEXT)])).rejects.toThrow(DataError);
    await expect(written([[]])).rejects.toThrow('The prompt is empty.');
  });

  it('that is stopped gives the rows that were done, and says which were not', async () => {
    let looks = 0;
    // The first batch of two rows is looked at once before, and once per token after the first.
    const answers = await written(prompts, { batchSize: 2, isStopped: () => ++looks > 6 });
    const reasons = answers.map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === 'length')).toHaveLength(2);
    expect(reasons.filter((reason) => reason === 'stopped')).toHaveLength(3);
  });

  it('leaves nothing on the device, stopped or not', async () => {
    await written(prompts);
    const before = tiny.backend.live().tensors;
    await written(prompts);
    let looks = 0;
    await written(prompts, { isStopped: () => ++looks > 2 });
    expect(tiny.backend.live().tensors).toBe(before);
  });
});
