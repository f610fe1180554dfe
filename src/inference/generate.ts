/**
 * Token by token: the prompt fills the cache in chunks, then each step feeds one token and samples the next. Works on the
 * same lowered graphs as training, so it runs on every device and takes a prefix as the first slots of the cache.
 */
import { names } from '../autodiff';
import { DataError } from '../errors';
import type { Kernels } from '../kernels';
import type { DeviceTensor, LoadedDecoder } from '../runtime';
import { int64Feed, readFloats } from '../runtime';
import { bucketOf, nextTask, type Random } from '../tuning';
import { type DevicePrefix, KeyValueCache } from './keyValueCache';
import { type Sampling, sample } from './sampling';

export interface GenerateOptions {
  readonly promptIds: readonly number[];
  readonly prefix: DevicePrefix | null;
  readonly sampling: Sampling;
  readonly maxTokens: number;
  /** Prefix, prompt and answer together. */
  readonly contextLength: number;
  readonly endTokenIds: readonly number[];
  readonly random: Random;
  readonly onToken: (tokenId: number) => void;
  readonly isStopped: () => boolean;
}

export interface Generated {
  readonly tokenIds: readonly number[];
  readonly reason: 'end' | 'length' | 'stopped';
}

const PREFILL_CHUNK = 128;
/** Capacities are rounded up to this, so that few shapes serve all lengths. */
const CAPACITY_STEP = 64;

/** @throws DataError if the prompt leaves no room for an answer */
export async function generate(loaded: LoadedDecoder, kernels: Kernels, options: GenerateOptions): Promise<Generated> {
  const { promptIds, prefix, contextLength, maxTokens, endTokenIds, onToken, isStopped } = options;
  const before = (prefix?.length ?? 0) + promptIds.length;
  const room = Math.min(maxTokens, contextLength - before);
  if (promptIds.length === 0) throw new DataError('The prompt is empty.', {}, 'Type a prompt, or take an example.');
  if (room < 1) {
    throw new DataError(
      `The prompt is too long: with the prefix it takes ${before} of the ${contextLength} tokens that the model can read.`,
      {},
      'Shorten the prompt.',
    );
  }
  const capacity = Math.ceil((before + room) / CAPACITY_STEP) * CAPACITY_STEP;
  const cache = new KeyValueCache(loaded, kernels, 1, capacity);
  const tokenIds: number[] = [];
  try {
    cache.reset(prefix);
    let logits = new Float32Array();
    for (let start = 0; start < promptIds.length; start += PREFILL_CHUNK) {
      logits = await advance(loaded, cache, promptIds.slice(start, start + PREFILL_CHUNK));
    }
    for (;;) {
      if (isStopped()) return { tokenIds, reason: 'stopped' };
      const next = sample(logits, options.sampling, options.random);
      if (endTokenIds.includes(next)) return { tokenIds, reason: 'end' };
      tokenIds.push(next);
      onToken(next);
      if (tokenIds.length >= room) return { tokenIds, reason: 'length' };
      await nextTask();
      logits = await advance(loaded, cache, [next]);
    }
  } finally {
    cache.dispose();
  }
}

/** Runs new tokens against the cache and appends them to it. @returns logits after the last one, [vocabulary] */
async function advance(
  loaded: LoadedDecoder,
  cache: KeyValueCache,
  tokenIds: readonly number[],
): Promise<Float32Array<ArrayBuffer>> {
  const { backend } = loaded;
  const { capacity } = cache;
  const count = tokenIds.length;
  const tokens = count === 1 ? 1 : bucketOf(count);
  const filled = cache.lengths[0] as number;
  const program = await loaded.forward({
    batch: 1,
    tokens,
    cache: capacity,
    rows: 1,
    layout: 'ragged',
    head: 'logits',
    newKeyValues: true,
  });
  const ids = new BigInt64Array(tokens);
  const positions = new BigInt64Array(tokens);
  const mask = new BigInt64Array(capacity + tokens);
  mask.fill(1n, 0, filled);
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
  return program.call(feeds, append, { bound: cache.feeds });
}
