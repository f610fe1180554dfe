/** Reads tokens with our own graphs, on any device: the prefix and what was read lie in a key-value cache. */
import type { Kernels } from '../kernels';
import type { LoadedDecoder } from '../runtime';
import { bucketOf } from '../tuning';
import { advance } from './advance';
import { type DeviceAdapter, inGraph, prefixOf } from './deviceAdapter';
import { PREFILL_CHUNK, type Reader } from './generate';
import { KeyValueCache } from './keyValueCache';

/** Capacities are rounded up to this, so that few shapes serve all lengths. */
const CAPACITY_STEP = 64;

export interface TextCache {
  readonly cache: KeyValueCache;
  /** Most tokens per row to read at once. */
  readonly atOnce: number;
}

/** @param capacity tokens it is to hold, prefix included */
export function cachedReader(
  loaded: LoadedDecoder,
  kernels: Kernels,
  adapter: DeviceAdapter | null,
  capacity: number,
): Reader {
  const { cache, atOnce } = textCache(loaded, kernels, adapter, 1, capacity);
  return {
    atOnce,
    read: (tokenIds) => advance(loaded, cache, adapter, [tokenIds]),
    dispose: () => cache.dispose(),
  };
}

/** A cache to write texts in, each row behind the adapter's prefix. @param capacity tokens per row, prefix included */
export function textCache(
  loaded: LoadedDecoder,
  kernels: Kernels,
  adapter: DeviceAdapter | null,
  batch: number,
  capacity: number,
): TextCache {
  const { contextLength } = loaded;
  if (inGraph(adapter).tapped.tap)
    throw new RangeError('a prefix that layers forget is for scoring: its cache holds no text');
  // A graph spans the cache and the new tokens, and some models' tables of masks end with their context.
  const slots = Math.min(Math.ceil(capacity / CAPACITY_STEP) * CAPACITY_STEP, Math.max(1, contextLength - 1));
  const cache = new KeyValueCache(loaded, kernels, batch, slots);
  cache.reset(prefixOf(adapter));
  return { cache, atOnce: chunkWithin(contextLength - slots) };
}

/** The largest whole bucket of tokens within `most`; one by one where there is none. */
function chunkWithin(most: number): number {
  for (let chunk = PREFILL_CHUNK; chunk > 1; chunk--) if (bucketOf(chunk) === chunk && chunk <= most) return chunk;
  return 1;
}
