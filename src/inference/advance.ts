/** One run of the model on new tokens behind a key-value cache, which then holds them too: the step of every generation. */
import { names } from '../autodiff';
import type { DeviceTensor, LoadedDecoder } from '../runtime';
import { int64Feed, readFloats } from '../runtime';
import { bucketOf } from '../tuning';
import { type DeviceAdapter, inGraph } from './deviceAdapter';
import type { KeyValueCache } from './keyValueCache';

/**
 * @param tokenIds per row of the cache; a row that waits has none, and a row with an empty cache has at least one
 * @returns logits after each row's last token, [batch, vocabulary]; those of a waiting row mean nothing
 */
export async function advance(
  loaded: LoadedDecoder,
  cache: KeyValueCache,
  adapter: DeviceAdapter | null,
  tokenIds: readonly (readonly number[])[],
): Promise<Float32Array<ArrayBuffer>> {
  const { backend } = loaded;
  const { batch, capacity } = cache;
  const longest = Math.max(...tokenIds.map((ids) => ids.length));
  const tokens = longest === 1 ? 1 : bucketOf(longest);
  const slots = capacity + tokens;
  const { graft, feeds: bound } = inGraph(adapter);
  const shape = {
    batch,
    tokens,
    cache: capacity,
    rows: batch,
    layout: 'ragged',
    head: 'logits',
    newKeyValues: true,
  } as const;
  const program = await loaded.forward(shape, graft);
  const ids = new BigInt64Array(batch * tokens);
  const positions = new BigInt64Array(batch * tokens);
  const mask = new BigInt64Array(batch * slots);
  const last = new BigInt64Array(batch);
  tokenIds.forEach((row, b) => {
    const filled = cache.lengths[b] as number;
    mask.set(cache.maskOf(b), b * slots);
    mask.fill(1n, b * slots + capacity, b * slots + capacity + row.length);
    for (let i = 0; i < tokens; i++) {
      ids[b * tokens + i] = BigInt(row[i] ?? 0);
      positions[b * tokens + i] = BigInt(Math.max(0, filled + Math.min(i, row.length - 1)));
    }
    last[b] = BigInt(b * tokens + Math.max(0, row.length - 1));
  });
  const feeds = {
    [names.ids]: int64Feed([batch, tokens], ids),
    [names.positions]: int64Feed([batch, tokens], positions),
    [names.mask]: int64Feed([batch, slots], mask),
    [names.rows]: int64Feed([batch], last),
  };
  const append = (outputs: Readonly<Record<string, DeviceTensor>>) => {
    cache.append(
      outputs,
      Int32Array.from(tokenIds, (row) => row.length),
    );
    return readFloats(backend, outputs[names.logits]);
  };
  return program.call(feeds, append, { bound: { ...cache.feeds, ...bound } });
}
