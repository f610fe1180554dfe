/**
 * Holds a decoder's loss, logits and gradient on one backend against PyTorch's, with a prefix, and with a prompt and LoRA
 * where the case has them. The same code runs in Node and in a page; it opens no file and prints nothing.
 */
import { type CompileTarget, type Decoder, type Graft, linearModules, names, pastGraft } from '../autodiff';
import {
  type Backend,
  floatFeed,
  type HostFeed,
  int32Feed,
  int64Feed,
  LoadedDecoder,
  readFloats,
  relativeError,
} from '../runtime';
import { loraGraft, loraTargets, type MicroBatch, promptGraft, withInserted } from '../tuning';
import {
  type CaseFiles,
  GOLDEN_ROLES,
  type Golden,
  type GradientCase,
  type LoraGolden,
  parseCase,
} from './gradientCase';
import { projectionCase } from './projectionCase';

/** Largest relative error of loss, logits and gradient. */
export const BOUND = 1e-4;
/** A single tensor of the gradient may be this many times further off, so that a small layer cannot hide. */
const WORST_FACTOR = 10;

/** How far one method's numbers are off. */
export interface MethodErrors {
  /** |loss − golden| / |golden| */
  readonly loss: number;
  /** ‖logits − golden‖ / ‖golden‖ over the positions that are no padding. */
  readonly logits: number;
  /** The same of the gradient, all tensors together. */
  readonly gradient: number;
  readonly worst: { readonly name: string; readonly error: number };
}

export interface GradientErrors {
  readonly prefix: MethodErrors;
  /** Null where the case has no golden numbers of the method. */
  readonly prompt: MethodErrors | null;
  readonly lora: MethodErrors | null;
  /** Of a prefix made by a network; see projectionCase.ts. */
  readonly projection: ProjectionErrors;
}

export type ProjectionErrors = Omit<MethodErrors, 'logits'>;

export interface CheckOptions {
  /** Default: the backend's own choice. */
  readonly weights?: CompileTarget['weights'];
  /** Compute forward values again in the backward part; default false. */
  readonly recompute?: boolean;
}

/** @throws PreludeError where the files, the graph or the device are not what they should be */
export async function checkGradients(
  backend: Backend,
  files: CaseFiles,
  { recompute = false, ...options }: CheckOptions = {},
): Promise<GradientErrors> {
  const it = parseCase(files);
  const loaded = await LoadedDecoder.load(backend, once(files.model), {
    byteLength: files.model.byteLength,
    hints: { kvHeads: it.kvHeads, headDim: it.headDim },
    ...options,
  });
  try {
    const checked = (graft: Graft, golden: Golden) => checkMethod({ loaded, it, graft, golden, recompute });
    const prefix = await checked(pastGraft(loaded.decoder, it.virtualTokens), it.prefix);
    const prompt = it.prompt && (await checked(promptGraft(loaded, it.virtualTokens), it.prompt));
    const lora = it.lora && (await checked(goldenLora(loaded.decoder, it.lora), it.lora));
    const projection = await checkProjection(loaded, it, recompute);
    return { prefix, prompt, lora, projection };
  } finally {
    await loaded.dispose();
  }
}

/** What is over its bound, in one sentence; null where nothing is. A NaN is over every bound. */
export function excess({ prefix, prompt, lora, projection }: GradientErrors): string | null {
  const within = (error: number, bound: number) => error <= bound;
  const withoutLogits = { ...projection, logits: 0 };
  for (const [method, errors] of Object.entries({ prefix, prompt, lora, 'network of a prefix': withoutLogits })) {
    if (!errors) continue;
    const { loss, logits, gradient, worst } = errors;
    if (!within(loss, BOUND)) return `The loss with the ${method} is off by ${loss}, relatively.`;
    if (!within(logits, BOUND)) return `The logits with the ${method} are off by ${logits}, relatively.`;
    if (!within(gradient, BOUND)) return `The gradient of the ${method} is off by ${gradient}, relatively.`;
    if (!within(worst.error, BOUND * WORST_FACTOR)) return `${worst.name} is off by ${worst.error}, relatively.`;
  }
  return null;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The golden updates stand beside the queries' and the values' projections, layer by layer. */
function goldenLora(decoder: Decoder, { rank, alpha }: LoraGolden): Graft {
  const targets = loraTargets('llama', linearModules(decoder)).filter(({ roles }) =>
    GOLDEN_ROLES.some((role) => roles.join() === role),
  );
  return loraGraft(decoder, targets, { rank, alpha, dropout: 0 });
}

interface MethodCheck {
  readonly loaded: LoadedDecoder;
  readonly it: GradientCase;
  readonly graft: Graft;
  readonly golden: Golden;
  readonly recompute: boolean;
}

async function checkMethod(check: MethodCheck): Promise<MethodErrors> {
  const { it, golden } = check;
  const trained = await train(check, joined(golden.trainable));
  const logits = await forward(check);
  return {
    ...learningErrors(trained, golden),
    logits: errorOf(validPositions(it, logits), validPositions(it, golden.logits)),
  };
}

async function checkProjection(loaded: LoadedDecoder, it: GradientCase, recompute: boolean): Promise<ProjectionErrors> {
  const { graft, trainable, frozen, gradient } = await projectionCase(loaded, it);
  const trained = await train({ loaded, it, graft, recompute }, trainable, frozen);
  return learningErrors(trained, { loss: it.prefix.loss, gradient });
}

interface Trained {
  readonly loss: number;
  readonly gradient: Float32Array;
}

function learningErrors({ loss, gradient }: Trained, golden: Pick<Golden, 'loss' | 'gradient'>): ProjectionErrors {
  let offset = 0;
  const perTensor = golden.gradient.map(({ name, values }) => {
    const part = gradient.subarray(offset, offset + values.length);
    offset += values.length;
    return { name, error: errorOf(part, values) };
  });
  return {
    loss: Math.abs(loss - golden.loss) / Math.abs(golden.loss),
    gradient: errorOf(gradient, joined(golden.gradient)),
    worst: perTensor.reduce((a, b) => (b.error <= a.error ? a : b)),
  };
}

const joined = (tensors: Golden['trainable']): Float32Array =>
  Float32Array.from(tensors.flatMap(({ values }) => [...values]));

/** The case's rows as the graft wants them, with what it inserts. */
function batchOf({ batch, tokens, ids, rows, labels }: GradientCase, { inserted }: Graft): MicroBatch {
  const part = {
    batch,
    tokens,
    rows: rows.length,
    inputIds: BigInt64Array.from(ids, BigInt),
    rowIndices: BigInt64Array.from(rows, BigInt),
    labels: Int32Array.from(labels),
    weights: new Float32Array(rows.length).fill(1 / rows.length),
    textTokens: ids.length,
    supervisedTokens: rows.length,
  };
  return withInserted(part, inserted);
}

async function train(
  { loaded, it, graft, recompute }: Omit<MethodCheck, 'golden'>,
  trainable: Float32Array,
  frozen: Float32Array | null = null,
): Promise<Trained> {
  const { batch, tokens, rows, ...part } = batchOf(it, graft);
  const program = await loaded.training(graft, { batch, tokens, rows, recompute });
  const feeds = {
    [names.trainable]: floatFeed([graft.size], trainable),
    ...(frozen && { [names.frozen]: floatFeed([graft.frozen], frozen) }),
    [names.ids]: int64Feed([batch, tokens], part.inputIds),
    [names.rows]: int64Feed([rows], part.rowIndices),
    [names.labels]: int32Feed([rows], part.labels),
    [names.weights]: floatFeed([rows], part.weights),
    ...(recompute && { [names.zero]: floatFeed([1], new Float32Array(1)) }),
  };
  return program.call(feeds, async (outputs) => ({
    loss: (await readFloats(loaded.backend, outputs[names.loss]))[0] ?? Number.NaN,
    gradient: await readFloats(loaded.backend, outputs[names.gradient]),
  }));
}

/** Logits of the text's positions, [batch, tokens, vocabulary]. */
async function forward({ loaded, it, graft, golden }: MethodCheck): Promise<Float32Array> {
  const { batch, tokens, inputIds } = batchOf(it, graft);
  const { past } = graft;
  const shape = {
    batch,
    tokens,
    cache: past,
    rows: null,
    layout: 'dense',
    head: 'logits',
    newKeyValues: false,
  } as const;
  const program = await loaded.forward(shape, past > 0 ? null : graft);
  const feeds = {
    [names.ids]: int64Feed([batch, tokens], inputIds),
    ...(past > 0 ? cacheFeeds(it) : { [names.trainable]: floatFeed([graft.size], joined(golden.trainable)) }),
  };
  const logits = await program.call(feeds, (outputs) => readFloats(loaded.backend, outputs[names.logits]));
  const [perRow, ofInserted] = [logits.length / batch, (logits.length / batch / tokens) * graft.inserted];
  const rows = Array.from({ length: batch }, (_, row) =>
    logits.subarray(row * perRow + ofInserted, (row + 1) * perRow),
  );
  return Float32Array.from(rows.flatMap((row) => [...row]));
}

/** The prefix in the cache, one copy per row of the batch. */
function cacheFeeds({ batch, kvHeads, virtualTokens, headDim, prefix }: GradientCase): Record<string, HostFeed> {
  return Object.fromEntries(
    prefix.trainable.map(({ values }, i) => {
      const data = Float32Array.from(Array.from({ length: batch }, () => [...values]).flat());
      const name = names.cache(Math.floor(i / 2), i % 2 === 0 ? 'key' : 'value');
      return [name, floatFeed([batch, kvHeads, virtualTokens, headDim], data)];
    }),
  );
}

/** Rows of the logits at t < length; what stands at padding means nothing. */
function validPositions({ batch, tokens, lengths }: GradientCase, logits: Float32Array): Float32Array {
  const vocabulary = logits.length / (batch * tokens);
  const parts = lengths.map((length, row) => {
    const start = row * tokens * vocabulary;
    return [...logits.subarray(start, start + length * vocabulary)];
  });
  return Float32Array.from(parts.flat());
}

/** ‖x − golden‖ / ‖golden‖; infinite where x is not finite or of another size. */
const errorOf = (x: Float32Array, golden: Float32Array): number =>
  x.length === golden.length ? relativeError(x, golden) : Number.POSITIVE_INFINITY;
