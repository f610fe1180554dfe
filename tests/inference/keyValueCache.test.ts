/** A cache that was used and reset is as good as a new one, whichever prefixes it held. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { names } from '../../src/autodiff';
import { type DevicePrefix, KeyValueCache } from '../../src/inference';
import { bytesOfArray, type DeviceTensor, relativeError } from '../../src/runtime';
import { openTiny, randomIds, type TinyModel, textPrefix } from '../support/tinyModel';

const CAPACITY = 32;
const TOKENS = 8;

let tiny: TinyModel;
let short: DevicePrefix;
let long: DevicePrefix;
beforeAll(async () => {
  tiny = await openTiny();
  short = await textPrefix(tiny, randomIds(1, 4));
  long = await textPrefix(tiny, randomIds(2, 9));
});
afterAll(async () => {
  for (const { parameters } of [short, long]) tiny.backend.free(parameters);
  await tiny.dispose();
});

/** Feeds tokens, as many per row as given (the rest is padding), and returns the logits of each row's last. */
async function feed(
  cache: KeyValueCache,
  rows: readonly (readonly number[])[],
  { backend, loaded }: TinyModel = tiny,
): Promise<Float32Array[]> {
  const { batch, capacity } = cache;
  const program = await loaded.forward({
    batch,
    tokens: TOKENS,
    cache: capacity,
    rows: batch,
    layout: 'ragged',
    head: 'logits',
    newKeyValues: true,
  });
  const width = capacity + TOKENS;
  const ids = new BigInt64Array(batch * TOKENS);
  const positions = new BigInt64Array(batch * TOKENS);
  const mask = new BigInt64Array(batch * width);
  const last = new BigInt64Array(batch);
  rows.forEach((row, b) => {
    const filled = cache.lengths[b] as number;
    row.forEach((id, t) => {
      ids[b * TOKENS + t] = BigInt(id);
    });
    for (let t = 0; t < TOKENS; t++) positions[b * TOKENS + t] = BigInt(filled + Math.min(t, row.length - 1));
    mask.set(cache.maskOf(b), b * width);
    mask.fill(1n, b * width + capacity, b * width + capacity + row.length);
    last[b] = BigInt(b * TOKENS + row.length - 1);
  });
  const feeds: Record<string, DeviceTensor> = {
    [names.ids]: backend.upload('int64', [batch, TOKENS], bytesOfArray(ids)),
    [names.positions]: backend.upload('int64', [batch, TOKENS], bytesOfArray(positions)),
    [names.mask]: backend.upload('int64', [batch, width], bytesOfArray(mask)),
    [names.rows]: backend.upload('int64', [batch], bytesOfArray(last)),
  };
  const outputs = await program.run({ ...feeds, ...cache.feeds });
  cache.append(
    outputs,
    Int32Array.from(rows, (row) => row.length),
  );
  const bytes = await backend.read(outputs[names.logits] as DeviceTensor);
  for (const tensor of [...Object.values(feeds), ...Object.values(outputs)]) backend.free(tensor);
  const logits = new Float32Array(bytes.buffer);
  return rows.map((_, b) => logits.slice((b * logits.length) / batch, ((b + 1) * logits.length) / batch));
}

async function inFresh(prefix: DevicePrefix | null, rows: readonly (readonly number[])[]): Promise<Float32Array[]> {
  const cache = new KeyValueCache(tiny.loaded, tiny.kernels, rows.length, CAPACITY);
  cache.reset(prefix);
  const logits = await feed(cache, rows);
  cache.dispose();
  return logits;
}

const text = [randomIds(5, TOKENS)];

describe('a key-value cache', () => {
  it('gives, after a swap of prefixes, what a fresh one gives', async () => {
    const cache = new KeyValueCache(tiny.loaded, tiny.kernels, 1, CAPACITY);
    const results = new Map<string, Float32Array[]>();
    for (const [name, prefix] of [
      ['long', long],
      ['short', short],
      ['none', null],
      ['long again', long],
    ] as const) {
      cache.reset(prefix);
      expect([...cache.lengths]).toEqual([prefix?.length ?? 0]);
      results.set(name, await feed(cache, text));
      // Fills slots that the next prefix does not reach.
      await feed(cache, [randomIds(6, TOKENS)]);
    }
    cache.dispose();
    expect(results.get('long')).toEqual(await inFresh(long, text));
    expect(results.get('short')).toEqual(await inFresh(short, text));
    expect(results.get('none')).toEqual(await inFresh(null, text));
    expect(results.get('long again')).toEqual(results.get('long'));
    expect(results.get('short')).not.toEqual(results.get('long'));
  });

  it('lets rows of a batch grow at their own pace', async () => {
    const cache = new KeyValueCache(tiny.loaded, tiny.kernels, 3, CAPACITY);
    cache.reset(short);
    const first = [randomIds(7, 3), randomIds(8, 8), randomIds(9, 1)];
    const second = [randomIds(10, 5), randomIds(11, 2), randomIds(12, 7)];
    await feed(cache, first);
    expect([...cache.lengths]).toEqual([7, 12, 5]);
    const together = await feed(cache, second);
    cache.dispose();
    for (const [b, logits] of together.entries()) {
      const alone = new KeyValueCache(tiny.loaded, tiny.kernels, 1, CAPACITY);
      alone.reset(short);
      await feed(alone, [first[b] as number[]]);
      const [expected] = await feed(alone, [second[b] as number[]]);
      alone.dispose();
      logits.forEach((logit, i) => {
        expect(logit).toBeCloseTo((expected as Float32Array)[i] as number, 5);
      });
    }
  });

  it('of float16 takes half the memory and gives the same logits, to the precision of float16', async () => {
    const half = await openTiny('llama_q4', { float16Cache: true });
    const before = half.backend.live().bytes;
    const cache = new KeyValueCache(half.loaded, half.kernels, 1, CAPACITY);
    const bytes = half.backend.live().bytes - before;
    const elements = half.loaded.decoder.layers.reduce((sum, it) => sum + 2 * it.kvHeads * CAPACITY * it.headDim, 0);
    expect(bytes).toBe(2 * elements);
    cache.reset(long);
    await feed(cache, text, half);
    const [logits] = await feed(cache, [randomIds(6, TOKENS)], half);
    cache.dispose();
    await half.dispose();

    const exact = new KeyValueCache(tiny.loaded, tiny.kernels, 1, CAPACITY);
    exact.reset(long);
    await feed(exact, text);
    const [expected] = await feed(exact, [randomIds(6, TOKENS)]);
    exact.dispose();
    const error = relativeError(logits as Float32Array, expected as Float32Array);
    expect(error).toBeLessThan(1e-3);
    expect(error).toBeGreaterThan(0);
  });

  it('gives back all it took from the device', () => {
    const before = tiny.backend.live();
    const cache = new KeyValueCache(tiny.loaded, tiny.kernels, 2, CAPACITY);
    expect(tiny.backend.live().tensors).toBe(before.tensors + 2 * tiny.loaded.decoder.layers.length);
    cache.dispose();
    expect(tiny.backend.live()).toEqual(before);
  });
});
