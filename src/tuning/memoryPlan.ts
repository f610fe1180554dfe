/**
 * Before a run: how many rows at a time fit, and whether layers have to be computed again instead of kept. All of it from
 * the graphs, nothing is tried. While it runs, the same ladder goes on downwards where a device has less than it said.
 */
import type { Graft, GraphCost } from '../autodiff';
import { DeviceError } from '../errors';
import { type LoadedDecoder, type MemoryLimits, workingBytes } from '../runtime';
import { bucketOf, paddedLength, type SupervisedSequence, supervisedCount } from './batcher';
import { Optimiser } from './optimiser';

/** How a batch is computed. */
export interface MicroBatching {
  /** Rows at a time. */
  readonly microBatchSize: number;
  /** See `TrainingShape`. */
  readonly recompute: boolean;
}

export interface MemoryPlan extends MicroBatching {
  /** Rows that are scored at a time in a validation. */
  readonly scoringBatchSize: number;
  /** What the run takes, all in all. */
  readonly memoryBytes: number;
  /** Of these, for the graphs of all shapes that are kept open. */
  readonly programBytes: number;
}

export interface MemoryRequest {
  readonly graft: Graft;
  readonly batchSize: number;
  readonly microBatchSize: number | 'auto';
  readonly examples: readonly SupervisedSequence[];
  /** What is scored in validations. */
  readonly scored: readonly SupervisedSequence[];
}

/**
 * What a runtime takes for what a graph holds at a time. On wasm measured as 1.0 to 1.3 without recomputation and up to 2.8
 * with it, where peaks are small: its arena grows in powers of two, the heap in steps of a fifth. A GPU's buffers are kept in sizes that recur.
 */
const RUNTIME_OVERHEAD = 1.5;
/** Rows scored at a time where memory does not matter. */
export const SCORING_BATCH = 16;
/** Graphs of shorter rows, beside those of the longest, as long as the budget allows. */
const KEPT_SHAPES = 2;
const LEAST_KEPT_BYTES = 256 * 2 ** 20;

/** The next smaller way to compute a batch; null after the smallest. */
export function smaller({ microBatchSize, recompute }: MicroBatching): MicroBatching | null {
  if (microBatchSize > 1) return { microBatchSize: Math.ceil(microBatchSize / 2), recompute };
  return recompute ? null : { microBatchSize: 1, recompute: true };
}

/**
 * The largest micro-batch that fits: halves of the batch first, then one row with recomputation, which in turn may leave
 * room for more rows.
 * @throws DeviceError if even one row does not fit
 */
export function planMemory(loaded: LoadedDecoder, request: MemoryRequest, limits: MemoryLimits): MemoryPlan {
  const scoring = scoringPlan(loaded, request, limits);
  const sizes = microBatchSizes(request);
  for (const recompute of [false, true]) {
    for (const microBatchSize of sizes) {
      const need = needOf(loaded, request, trainingCost(loaded, request, { microBatchSize, recompute }));
      if (excess(need, limits) !== null) continue;
      const resident = need.total - need.working;
      const open = need.working + scoring.need.working;
      const room = limits.budgetBytes - resident;
      return {
        microBatchSize,
        recompute,
        scoringBatchSize: scoring.rows,
        memoryBytes: resident + Math.min(open, room),
        programBytes: Math.min(room, Math.max(KEPT_SHAPES * open, LEAST_KEPT_BYTES)) / RUNTIME_OVERHEAD,
      };
    }
  }
  const least = { microBatchSize: sizes.at(-1) as number, recompute: true };
  const problem = excess(needOf(loaded, request, trainingCost(loaded, request, least)), limits) as string;
  throw doesNotFit(problem, request, least.microBatchSize);
}

/** What a run ends with when it has no room for its smallest step. */
export const ranOutAdvice = 'Shorten the rows or the prefix, or load the model in a smaller dtype.';

function microBatchSizes({ batchSize, microBatchSize }: MemoryRequest): number[] {
  if (microBatchSize !== 'auto') return [Math.min(microBatchSize, batchSize)];
  const sizes: number[] = [];
  for (let size = batchSize; size > 1; size = Math.ceil(size / 2)) sizes.push(size);
  return [...sizes, 1];
}

/** Of all the steps of a run, the one with the longest rows and the most supervised tokens. */
function trainingCost(loaded: LoadedDecoder, request: MemoryRequest, { microBatchSize, recompute }: MicroBatching) {
  const { graft, examples } = request;
  const { tokens, rows } = longest(examples, microBatchSize, loaded.contextLength - slotsOf(graft));
  const shape = { batch: microBatchSize, tokens: graft.inserted + tokens, rows, recompute };
  return loaded.trainingCost(graft, shape);
}

function longest(
  sequences: readonly SupervisedSequence[],
  count: number,
  mostTokens: number,
): { tokens: number; rows: number } {
  const lengths = sequences.map(({ tokenIds }) => tokenIds.length);
  const supervised = sequences.map(supervisedCount).sort((a, b) => b - a);
  return {
    tokens: paddedLength(
      lengths.reduce((most, length) => Math.max(most, length), 0),
      mostTokens,
    ),
    rows: bucketOf(supervised.slice(0, count).reduce((sum, one) => sum + one, 0)),
  };
}

interface Need {
  readonly total: number;
  /** Of the total, what belongs to this one graph. */
  readonly working: number;
  /** What must find room in the runtime's own heap. */
  readonly heap: number;
  readonly largestTensor: number;
}

/** Slots that virtual tokens take, wherever they enter. */
const slotsOf = ({ past, inserted }: Graft): number => past + inserted;

function needOf(loaded: LoadedDecoder, { graft }: MemoryRequest, cost: GraphCost): Need {
  const working = workingBytes(cost) * RUNTIME_OVERHEAD;
  const bound = cost.weightBytes + cost.derivedBytes;
  // wasm copies what a graph binds into its heap for the time of a run.
  const copied = loaded.backend.kind === 'wasm' ? bound : 0;
  const trainables = Optimiser.bytesFor(graft.size) + 4 * graft.frozen;
  return {
    total: loaded.store.bytes + cost.derivedBytes + copied + trainables + working,
    working,
    heap: copied + working,
    largestTensor: cost.largestTensorBytes,
  };
}

function scoringPlan(
  loaded: LoadedDecoder,
  request: MemoryRequest,
  limits: MemoryLimits,
): { rows: number; need: Need } {
  for (let batch = SCORING_BATCH; ; batch /= 2) {
    const slots = slotsOf(request.graft);
    const { tokens, rows } = longest(request.scored, batch, loaded.contextLength - slots);
    const shape = {
      batch,
      tokens,
      cache: slots,
      rows,
      layout: 'dense',
      head: 'losses',
      newKeyValues: false,
    } as const;
    const cost = loaded.forwardCost(shape, slots > 0 ? null : request.graft);
    const need = needOf(loaded, request, cost);
    if (batch === 1 || excess(need, limits) === null) return { rows: batch, need };
  }
}

/** What is too much, as the middle of a sentence; null where all fits. */
function excess({ total, heap, largestTensor }: Need, limits: MemoryLimits): string | null {
  if (largestTensor > limits.tensorBytes) {
    return `has a tensor of ${sayBytes(largestTensor)}, and this device takes ${sayBytes(limits.tensorBytes)} in one piece`;
  }
  if (heap > limits.heapBytes) {
    return `takes ${sayBytes(heap)}, and wasm reaches ${sayBytes(limits.heapBytes)}`;
  }
  if (total > limits.budgetBytes) {
    return `takes about ${sayMiB(total)} of memory, and the budget is ${sayMiB(limits.budgetBytes)}`;
  }
  return null;
}

function doesNotFit(problem: string, { graft, examples, microBatchSize }: MemoryRequest, rows: number): DeviceError {
  const tokens = examples.reduce((most, { tokenIds }) => Math.max(most, tokenIds.length), 0);
  const what = rows === 1 ? 'one row' : `micro-batches of ${rows} rows`;
  const slots = slotsOf(graft);
  const smallerRows = microBatchSize === 'auto' || rows === 1 ? '' : 'Let the micro-batch be chosen. ';
  return new DeviceError(
    `Training does not fit: with ${what} of ${tokens} tokens${slots === 0 ? '' : ` and ${slots} virtual ones`} it ${problem}.`,
    {},
    `${smallerRows}${ranOutAdvice} If the machine has more memory, raise the memory budget.`,
    { outOfMemory: true },
  );
}

/** The unit in which the budget is set. */
const sayMiB = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20).toLocaleString('en')} MiB`;

const sayBytes = (bytes: number): string =>
  bytes < 1e9 ? `${Number((bytes / 1e6).toPrecision(3))} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
