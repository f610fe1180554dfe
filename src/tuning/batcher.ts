/**
 * Examples → micro-batches of few distinct shapes. Rows of similar length go together (little padding), batches come in a
 * seeded random order, and shapes are rounded up to buckets, since every shape costs a session.
 */
import type { Random } from './random';

/** A tokenised example: the loss is taken on every token from `targetStart` on; the last of them ends the answer. */
export interface SupervisedSequence {
  readonly tokenIds: readonly number[];
  readonly targetStart: number;
}

/** Arrays as the training graph takes them; see `TrainingShape`. */
export interface MicroBatch {
  readonly batch: number;
  /** Tokens per row, padding included. */
  readonly tokens: number;
  /** Supervised rows, padding included. */
  readonly rows: number;
  /** [batch, tokens] */
  readonly inputIds: BigInt64Array;
  /** [rows], flat positions batch · tokens + t that predict a supervised token. */
  readonly rowIndices: BigInt64Array;
  /** [rows] */
  readonly labels: Int32Array;
  /** [rows]; 0 for padding. Sums to the micro-batch's share of its batch: 1 over all micro-batches. */
  readonly weights: Float32Array;
  /** Tokens that are text. */
  readonly textTokens: number;
  readonly supervisedTokens: number;
}

/** Token counts are rounded up to these, so that a dataset needs a handful of shapes. */
export function bucketOf(length: number): number {
  const step = length <= 64 ? 8 : length <= 256 ? 32 : 64;
  return Math.max(8, Math.ceil(length / step) * step);
}

/** Tokens per row of a batch whose longest row has `longest`: its bucket, where the model can read that many. */
export const paddedLength = (longest: number, mostTokens: number): number =>
  Math.max(longest, Math.min(bucketOf(longest), mostTokens));

export const supervisedCount = ({ tokenIds, targetStart }: SupervisedSequence): number =>
  tokenIds.length - Math.max(1, targetStart);

/** The token that ends an answer counts at most this share of the tokens before it. */
export const END_TOKEN_SHARE = 0.1;

/**
 * What the token that ends an answer counts, of a row with this many supervised tokens: 1, but never more than a tenth of
 * the tokens before it. In a row whose answer is one label, half of the gradient would otherwise teach the model to stop,
 * and little of the label: on the bundled sentiment sample 150 steps then reach 60 % instead of 96 %.
 */
const endTokenWeight = (supervised: number): number =>
  Math.min(1, supervised > 1 ? END_TOKEN_SHARE * (supervised - 1) : 1);

/** Sum of the weights of a row's supervised tokens. */
export const weightOf = (sequence: SupervisedSequence): number => {
  const count = supervisedCount(sequence);
  return count - 1 + endTokenWeight(count);
};

/**
 * Pads sequences to one micro-batch. Padding stands on the right, where causal attention never looks.
 * @param batch rows of the result; missing ones are padding
 * @param totalWeight of the supervised tokens of the whole batch, over which the loss is a weighted mean
 * @param mostTokens that the model can read
 */
export function collate(
  sequences: readonly SupervisedSequence[],
  batch: number,
  totalWeight: number,
  mostTokens = Number.POSITIVE_INFINITY,
): MicroBatch {
  const tokens = paddedLength(Math.max(...sequences.map(({ tokenIds }) => tokenIds.length)), mostTokens);
  const supervisedTokens = sequences.reduce((sum, sequence) => sum + supervisedCount(sequence), 0);
  const rows = bucketOf(supervisedTokens);
  const inputIds = new BigInt64Array(batch * tokens);
  const rowIndices = new BigInt64Array(rows);
  const labels = new Int32Array(rows);
  const weights = new Float32Array(rows);
  let next = 0;
  sequences.forEach((sequence, b) => {
    const { tokenIds, targetStart } = sequence;
    const endWeight = endTokenWeight(supervisedCount(sequence));
    tokenIds.forEach((id, t) => {
      inputIds[b * tokens + t] = BigInt(id);
      if (t < Math.max(1, targetStart)) return;
      rowIndices[next] = BigInt(b * tokens + t - 1);
      labels[next] = id;
      weights[next] = (t === tokenIds.length - 1 ? endWeight : 1) / totalWeight;
      next++;
    });
  });
  const textTokens = sequences.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  return { batch, tokens, rows, inputIds, rowIndices, labels, weights, textTokens, supervisedTokens };
}

/** Batches whose rows are sorted by length together, to keep padding low without fixing the order of the epoch. */
export const SORT_WINDOW_BATCHES = 16;

/** Endless batches, epoch after epoch, each example once per epoch. */
export function* batches<T extends SupervisedSequence>(
  examples: readonly T[],
  batchSize: number,
  random: Random,
): Generator<readonly T[], never> {
  const size = Math.min(batchSize, examples.length);
  for (;;) {
    const order = random.shuffle(examples);
    const made: T[][] = [];
    for (let start = 0; start < order.length; start += size * SORT_WINDOW_BATCHES) {
      const window = order.slice(start, start + size * SORT_WINDOW_BATCHES);
      window.sort((a, b) => a.tokenIds.length - b.tokenIds.length);
      for (let i = 0; i < window.length; i += size) made.push(window.slice(i, i + size));
    }
    yield* random.shuffle(made);
  }
}

/** The same with `inserted` virtual tokens in front of every row; their ids mean nothing. */
export function withInserted(part: MicroBatch, inserted: number): MicroBatch {
  if (inserted === 0) return part;
  const { batch, inputIds, rowIndices } = part;
  const tokens = inserted + part.tokens;
  const ids = new BigInt64Array(batch * tokens);
  for (let b = 0; b < batch; b++) {
    ids.set(inputIds.subarray(b * part.tokens, (b + 1) * part.tokens), b * tokens + inserted);
  }
  const moved = rowIndices.map((row) => row + (row / BigInt(part.tokens) + 1n) * BigInt(inserted));
  return { ...part, tokens, inputIds: ids, rowIndices: moved };
}

/** A batch as micro-batches whose weights sum to 1. */
export function microBatches(
  batch: readonly SupervisedSequence[],
  microBatchSize: number,
  mostTokens = Number.POSITIVE_INFINITY,
): MicroBatch[] {
  const total = batch.reduce((sum, sequence) => sum + weightOf(sequence), 0);
  const parts: MicroBatch[] = [];
  for (let i = 0; i < batch.length; i += microBatchSize) {
    parts.push(collate(batch.slice(i, i + microBatchSize), microBatchSize, total, mostTokens));
  }
  return parts;
}
