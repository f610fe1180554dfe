/** Reads tokens with our own graphs, on any device: the prefix and what was read lie in a key-value cache. */
import { names } from '../autodiff';
import type { Kernels } from '../kernels';
import type { DeviceTensor, LoadedDecoder } from '../runtime';
import { int64Feed, readFloats } from '../runtime';
import { bucketOf } from '../tuning';
import { type DeviceAdapter, inGraph, prefixOf } from './deviceAdapter';
import { PREFILL_CHUNK, type Reader } from './generate';
import { KeyValueCache } from './keyValueCache';

/** Capacities are rounded up to this, so that few shapes serve all lengths. */
const CAPACITY_STEP = 64;

/** @param capacity tokens it is to hold, prefix included */
export function cachedReader(
  loaded: LoadedDecoder,
  kernels: Kernels,
  adapter: DeviceAdapter | null,
  capacity: number,
): Reader {
  const { contextLength } = loaded;
  if (inGraph(adapter).tapped.tap)
    throw new RangeError('a prefix that layers forget is for scoring: its cache holds no text');
  // A graph spans the cache and the new tokens, and some models' tables of masks end with their context.
  const slots = Math.min(Math.ceil(capacity / CAPACITY_STEP) * CAPACITY_STEP, Math.max(1, contextLength - 1));
  const cache = new KeyValueCache(loaded, kernels, 1, slots);
  cache.reset(prefixOf(adapter));
  return {
    atOnce: chunkWithin(contextLength - slots),
    read: (tokenIds) => advance(loaded, cache, adapter, tokenIds),
    dispose: () => cache.dispose(),
  };
}

/** The largest whole bucket of tokens within `most`; one by one where there is none. */
function chunkWithin(most: number): number {
  for (let chunk = PREFILL_CHUNK; chunk > 1; chunk--) if (bucketOf(chunk) === chunk && chunk <= most) return chunk;
  return 1;
}

/** Runs new tokens against the cache and appends them to it. @returns logits after the last one, [vocabulary] */
async function advance(
  loaded: LoadedDecoder,
  cache: KeyValueCache,
  adapter: DeviceAdapter | null,
  tokenIds: readonly number[],
): Promise<Float32Array<ArrayBuffer>> {
  const { backend } = loaded;
  const { capacity } = cache;
  const count = tokenIds.length;
  const tokens = count === 1 ? 1 : bucketOf(count);
  const filled = cache.lengths[0] as number;
  const { graft, feeds: bound } = inGraph(adapter);
  const shape = {
    batch: 1,
    tokens,
    cache: capacity,
    rows: 1,
    layout: 'ragged',
    head: 'logits',
    newKeyValues: true,
  } as const;
  const program = await loaded.forward(shape, graft);
  const ids = new BigInt64Array(tokens);
  const positions = new BigInt64Array(tokens);
  const mask = new BigInt64Array(capacity + tokens);
  mask.set(cache.maskOf(0));
  mask.fill(1n, capacity, capacity + count);
  for (let i = 0; i < tokens; i++) {
    ids[i] = BigInt(tokenIds[i] ?? 0);
    positions[i] = BigInt(filled + Math.min(i, count - 1));
  }
  const feeds = {
    [names.ids]: int64Feed([1, tokens], ids),
    [names.positions]: int64Feed([1, tokens], positions),
    [names.mask]: int64Feed([1, capacity + tokens], mask),
    [names.rows]: int64Feed([1], BigInt64Array.of(BigInt(count - 1))),
  };
  const append = (outputs: Readonly<Record<string, DeviceTensor>>) => {
    cache.append(outputs, Int32Array.of(count));
    return readFloats(backend, outputs[names.logits]);
  };
  return program.call(feeds, append, { bound: { ...cache.feeds, ...bound } });
}
