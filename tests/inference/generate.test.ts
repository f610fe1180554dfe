/** Generation with the static cache says what the whole text, computed anew for every token, says. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../src/errors';
import { cachedReader, type DevicePrefix, type GenerateOptions, generate } from '../../src/inference';
import { createKernels } from '../../src/kernels';
import { createWasmBackend, LoadedDecoder } from '../../src/runtime';
import { Random } from '../../src/tuning';
import { bundledModelBytes, once } from '../support/fixtures';
import { asAdapter } from '../support/prefixes';
import { argMax, CONTEXT, logitsOfText, openTiny, randomIds, type TinyModel, textPrefix } from '../support/tinyModel';

const greedy = { temperature: 0, topP: 1 };

const generateOn = (
  { loaded, kernels }: Pick<TinyModel, 'loaded' | 'kernels'>,
  { prefix = null, ...options }: Partial<GenerateOptions> & { readonly prefix?: DevicePrefix | null },
) =>
  generate((capacity) => cachedReader(loaded, kernels, asAdapter(prefix), capacity), {
    promptIds: [1, 2, 3],
    prefixLength: prefix?.length ?? 0,
    sampling: greedy,
    maxTokens: 12,
    contextLength: CONTEXT,
    endTokenIds: [],
    random: new Random(0),
    onToken: () => {},
    isStopped: () => false,
    ...options,
  });

/** The likeliest next token, again and again, from the logits of the whole text. */
async function recompute(model: TinyModel, text: readonly number[], count: number): Promise<number[]> {
  const tokens: number[] = [];
  for (let i = 0; i < count; i++) {
    const logits = await logitsOfText(model, [...text, ...tokens]);
    tokens.push(argMax(logits.at(-1) as Float32Array));
  }
  return tokens;
}

async function withPrefix<T>(model: TinyModel, text: readonly number[], use: (prefix: DevicePrefix) => Promise<T>) {
  const prefix = await textPrefix(model, text);
  try {
    return await use(prefix);
  } finally {
    model.backend.free(prefix.parameters);
  }
}

describe.each([
  'llama_q4',
  'qwen3_q4',
  'neox_ts14_q4',
  'phi_dyn20_qdq8',
  'smollm3_gqa_q4',
  'ministral_gqa_q8_asym',
  // These tell distances by slots, not by positions.
  'mpt_ts14_q4',
  'mistral_ts17_fp16',
  'bias_gqa_q4',
])('on %s', (fixture) => {
  let tiny: TinyModel;
  beforeAll(async () => {
    tiny = await openTiny(fixture);
  });
  afterAll(() => tiny.dispose());

  it.each([1, 5, 8, 13])('greedy, a prompt of %i tokens', async (length) => {
    const promptIds = randomIds(length, length);
    const { tokenIds, reason } = await generateOn(tiny, { promptIds, maxTokens: 6 });
    expect(reason).toBe('length');
    expect(tokenIds).toEqual(await recompute(tiny, promptIds, 6));
  });

  it('greedy, with the keys and values of a text as prefix', async () => {
    const [text, promptIds] = [randomIds(20, 6), randomIds(21, 7)];
    const prefixed = await withPrefix(tiny, text, (prefix) => generateOn(tiny, { promptIds, prefix, maxTokens: 6 }));
    expect(prefixed.tokenIds).toEqual(await recompute(tiny, [...text, ...promptIds], 6));
    expect(prefixed.tokenIds).not.toEqual((await generateOn(tiny, { promptIds, maxTokens: 6 })).tokenIds);
  });
});

describe('generation', () => {
  let tiny: TinyModel;
  beforeAll(async () => {
    tiny = await openTiny();
  });
  afterAll(() => tiny.dispose());

  it('is the same for the same seed, and another for another', async () => {
    const at = async (seed: number) =>
      (await generateOn(tiny, { sampling: { temperature: 1, topP: 0.95 }, random: new Random(seed) })).tokenIds;
    const first = await at(1);
    expect(await at(1)).toEqual(first);
    expect(await at(2)).not.toEqual(first);
  });

  it('hands over every token as it comes', async () => {
    const seen: number[] = [];
    const { tokenIds } = await generateOn(tiny, { onToken: (id) => seen.push(id) });
    expect(tokenIds).toHaveLength(12);
    expect(seen).toEqual(tokenIds);
  });

  it('ends at an end token, which is no part of the text', async () => {
    const { tokenIds: all } = await generateOn(tiny, {});
    const end = all[3] as number;
    const { tokenIds, reason } = await generateOn(tiny, { endTokenIds: [end] });
    expect(reason).toBe('end');
    expect(tokenIds).toEqual(all.slice(0, all.indexOf(end)));
  });

  it('stops when it is told to, after the token under way', async () => {
    let count = 0;
    const { tokenIds, reason } = await generateOn(tiny, { onToken: () => count++, isStopped: () => count === 4 });
    expect(reason).toBe('stopped');
    expect(tokenIds).toHaveLength(4);
  });

  it('ends where the model can read no further', async () => {
    const promptIds = randomIds(1, CONTEXT - 5);
    const { tokenIds, reason } = await generateOn(tiny, { promptIds, maxTokens: 50 });
    expect(reason).toBe('length');
    expect(tokenIds).toHaveLength(5);
  });

  it('refuses a prompt that leaves no room, and says by how much', async () => {
    const promptIds = randomIds(1, CONTEXT - 4);
    const tooLong = withPrefix(tiny, [1, 2, 3, 4], (prefix) => generateOn(tiny, { promptIds, prefix }));
    await expect(tooLong).rejects.toThrow(DataError);
    await expect(tooLong).rejects.toThrow(`it takes ${CONTEXT} of the ${CONTEXT} tokens`);
    await expect(generateOn(tiny, { promptIds: [] })).rejects.toThrow('The prompt is empty.');
  });

  it('leaves nothing on the device, whatever its end', async () => {
    await generateOn(tiny, {});
    const before = tiny.backend.live().tensors;
    await generateOn(tiny, {});
    await generateOn(tiny, { isStopped: () => true });
    const failing = generateOn(tiny, {
      onToken: () => {
        throw new Error('the page is gone');
      },
    });
    await expect(failing).rejects.toThrow('the page is gone');
    expect(tiny.backend.live().tensors).toBe(before);
  });
});

it('a prompt longer than one chunk of the prefill, with a prefix, on the bundled model', async () => {
  const backend = await createWasmBackend();
  const loaded = await LoadedDecoder.load(backend, once(bundledModelBytes()));
  const model = { backend, loaded, kernels: await createKernels(backend), dispose: () => loaded.dispose() };
  const [text, promptIds] = [randomIds(30, 16), randomIds(31, 150)];
  const { tokenIds } = await withPrefix(model, text, (prefix) =>
    generateOn(model, { promptIds, prefix, maxTokens: 3, contextLength: 512 }),
  );
  expect(tokenIds).toEqual(await recompute(model, [...text, ...promptIds], 3));
  await model.dispose();
  expect(backend.live()).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
  await backend.dispose();
});

it.each([
  ['gpt2_merged', 60], // a causal mask as a table of the context's size
  ['gpt2_merged', 90],
  ['mpt_ts14_q4', 80], // distances as a table
])('up to the end of the context of %s, from a prompt of %i tokens', async (fixture, length) => {
  const tiny = await openTiny(fixture, { contextLength: CONTEXT });
  const promptIds = randomIds(3, length);
  const { tokenIds, reason } = await generateOn(tiny, { promptIds, maxTokens: CONTEXT, contextLength: CONTEXT });
  expect(reason).toBe('length');
  expect(tokenIds).toHaveLength(CONTEXT - length);
  expect(tokenIds.slice(0, 4)).toEqual(await recompute(tiny, promptIds, 4));
  await tiny.dispose();
});
