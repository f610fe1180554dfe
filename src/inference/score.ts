/**
 * How likely the model finds given texts: per sequence the negative log-likelihood of its supervised tokens, in batches of
 * similar length, with a prefix or without.
 */
import { names } from '../autodiff';
import type { Kernels } from '../kernels';
import type { DeviceTensor, LoadedDecoder } from '../runtime';
import { int32Feed, int64Feed, readFloats } from '../runtime';
import {
  bucketOf,
  collate,
  type MicroBatch,
  nextTask,
  SCORING_BATCH,
  type SupervisedSequence,
  supervisedCount,
  weightOf,
} from '../tuning';
import { type DeviceAdapter, inGraph, prefixOf, slotsOf } from './deviceAdapter';
import { KeyValueCache } from './keyValueCache';

export interface SequenceScore {
  /** −Σ log p over the supervised tokens, nats. */
  readonly negativeLogLikelihood: number;
  readonly tokens: number;
  /** The same with the weights of the training loss, and their sum: `weightedLoss / weight` is the row's mean. */
  readonly weightedLoss: number;
  readonly weight: number;
  /** Supervised tokens that the model would have chosen itself (greedy). */
  readonly predicted: number;
}

/**
 * @param batchSize sequences at a time
 * @returns one score per sequence, in their order
 */
export async function score(
  loaded: LoadedDecoder,
  kernels: Kernels,
  adapter: DeviceAdapter | null,
  sequences: readonly SupervisedSequence[],
  batchSize = SCORING_BATCH,
): Promise<SequenceScore[]> {
  const order = sequences.map((_, i) => i);
  order.sort((a, b) => bucketOf(lengthOf(sequences, a)) - bucketOf(lengthOf(sequences, b)));
  const scores = new Array<SequenceScore>(sequences.length);
  const prefix = prefixOf(adapter);
  const cache = prefix && new KeyValueCache(loaded, kernels, batchSize, prefix.length);
  const mostTokens = loaded.contextLength - slotsOf(adapter);
  try {
    cache?.reset(prefix);
    for (let start = 0; start < order.length; start += batchSize) {
      const chosen = order.slice(start, start + batchSize);
      const batch = chosen.map((i) => sequences[i] as SupervisedSequence);
      const results = await scoreBatch(loaded, cache, adapter, collate(batch, batchSize, 1, mostTokens), batch);
      chosen.forEach((i, k) => {
        scores[i] = results[k] as SequenceScore;
      });
      await nextTask();
    }
  } finally {
    cache?.dispose();
  }
  return scores;
}

const lengthOf = (sequences: readonly SupervisedSequence[], i: number) =>
  (sequences[i] as SupervisedSequence).tokenIds.length;

async function scoreBatch(
  loaded: LoadedDecoder,
  cache: KeyValueCache | null,
  adapter: DeviceAdapter | null,
  { batch, tokens, rows, inputIds, rowIndices, labels, weights }: MicroBatch,
  sequences: readonly SupervisedSequence[],
): Promise<SequenceScore[]> {
  const { backend } = loaded;
  const { graft, feeds: bound, tapped } = inGraph(adapter);
  const shape = {
    batch,
    tokens,
    cache: cache?.capacity ?? 0,
    rows,
    layout: 'dense',
    head: 'losses',
    newKeyValues: false,
    ...tapped,
  } as const;
  const program = await loaded.forward(shape, graft);
  const feeds = {
    [names.ids]: int64Feed([batch, tokens], inputIds),
    [names.rows]: int64Feed([rows], rowIndices),
    [names.labels]: int32Feed([rows], labels),
  };
  const read = async (outputs: Readonly<Record<string, DeviceTensor>>) => ({
    losses: await readFloats(backend, outputs[names.tokenLoss]),
    predicted: await readFloats(backend, outputs[names.predicted]),
  });
  const { losses, predicted } = await program.call(feeds, read, { bound: { ...cache?.feeds, ...bound } });
  let next = 0;
  return sequences.map((sequence) => {
    const count = supervisedCount(sequence);
    const mine = (values: Float32Array) => values.subarray(next, next + count);
    const result = {
      negativeLogLikelihood: sum(mine(losses)),
      tokens: count,
      weightedLoss: sum(mine(losses).map((loss, i) => loss * (weights[next + i] as number))),
      weight: weightOf(sequence),
      predicted: sum(mine(predicted)),
    };
    next += count;
    return result;
  });
}

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);
