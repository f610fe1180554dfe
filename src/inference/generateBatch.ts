/**
 * Greedy answers to many prompts, a batch of similar lengths at a time: every row stands at its own length in one
 * key-value cache, so that each gets the tokens that `generate` gives it alone. Rows that ended wait for the last one.
 */
import type { Kernels } from '../kernels';
import type { LoadedDecoder } from '../runtime';
import { bucketOf, nextTask, SCORING_BATCH } from '../tuning';
import { advance } from './advance';
import { type TextCache, textCache } from './cachedReader';
import { type DeviceAdapter, slotsOf } from './deviceAdapter';
import { type Generated, type GenerateOptions, roomFor } from './generate';
import { argMax } from './sampling';

export interface BatchOptions
  extends Pick<GenerateOptions, 'maxTokens' | 'contextLength' | 'endTokenIds' | 'isStopped'> {
  /** Rows at a time. */
  readonly batchSize?: number;
}

/**
 * @returns in the order of the prompts; rows that were not done when it was stopped end with that reason
 * @throws DataError if a prompt leaves no room for an answer
 */
export async function generateBatch(
  loaded: LoadedDecoder,
  kernels: Kernels,
  adapter: DeviceAdapter | null,
  prompts: readonly (readonly number[])[],
  { batchSize = SCORING_BATCH, ...options }: BatchOptions,
): Promise<Generated[]> {
  const prefixLength = slotsOf(adapter);
  const rows = prompts.map(
    (promptIds) => new Row(promptIds, roomFor(promptIds, { ...options, prefixLength }), options),
  );
  const order = [...rows].sort((a, b) => bucketOf(a.promptIds.length) - bucketOf(b.promptIds.length));
  for (let start = 0; start < order.length && !options.isStopped(); start += batchSize) {
    const batch = order.slice(start, start + batchSize);
    const capacity = prefixLength + Math.max(...batch.map(({ promptIds, room }) => promptIds.length + room));
    const text = textCache(loaded, kernels, adapter, batch.length, capacity);
    try {
      await write(loaded, text, adapter, batch, options.isStopped);
    } finally {
      text.cache.dispose();
    }
  }
  return rows.map(({ tokenIds, reason }) => ({ tokenIds, reason: reason ?? 'stopped' }));
}

class Row {
  readonly tokenIds: number[] = [];
  /** Why it ended; null until it does. */
  reason: 'end' | 'length' | null = null;

  constructor(
    readonly promptIds: readonly number[],
    readonly room: number,
    private readonly options: Pick<BatchOptions, 'endTokenIds'>,
  ) {}

  take(next: number): void {
    if (this.options.endTokenIds.includes(next)) {
      this.reason = 'end';
      return;
    }
    this.tokenIds.push(next);
    if (this.tokenIds.length >= this.room) this.reason = 'length';
  }

  /** What it reads next once the prompt is read: its own last token. */
  get fresh(): readonly number[] {
    return this.reason === null ? this.tokenIds.slice(-1) : [];
  }
}

async function write(
  loaded: LoadedDecoder,
  { cache, atOnce }: TextCache,
  adapter: DeviceAdapter | null,
  rows: readonly Row[],
  isStopped: () => boolean,
): Promise<void> {
  const longest = Math.max(...rows.map(({ promptIds }) => promptIds.length));
  for (let start = 0; start < longest; start += atOnce) {
    const end = start + atOnce;
    const chunks = rows.map(({ promptIds }) => promptIds.slice(start, end));
    const logits = await advance(loaded, cache, adapter, chunks);
    // A shorter prompt ended in this chunk, or in one before.
    const ending = (row: Row) => row.promptIds.length > start && row.promptIds.length <= end;
    takeEach(rows, logits, ending);
  }
  while (rows.some(({ reason }) => reason === null)) {
    await nextTask();
    if (isStopped()) return;
    const fresh = rows.map((row) => row.fresh);
    takeEach(rows, await advance(loaded, cache, adapter, fresh), (row) => row.reason === null);
  }
}

/** @param logits [rows, vocabulary] */
function takeEach(rows: readonly Row[], logits: Float32Array, which: (row: Row) => boolean): void {
  const vocabulary = logits.length / rows.length;
  rows.forEach((row, b) => {
    if (which(row)) row.take(argMax(logits.subarray(b * vocabulary, (b + 1) * vocabulary)));
  });
}
