/**
 * Holds a decoder's loss, logits and prefix gradient on one backend against PyTorch's. The same code runs in Node and in a
 * page; it opens no file and prints nothing.
 */
import { type CompileTarget, names, pastGraft } from '../autodiff';
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
import { type CaseFiles, type GradientCase, parseCase } from './gradientCase';

/** Largest relative error of loss, logits and gradient. */
export const BOUND = 1e-4;
/** A single tensor of the gradient may be this many times further off, so that a small layer cannot hide. */
const WORST_FACTOR = 10;

export interface GradientErrors {
  /** |loss − golden| / |golden| */
  readonly loss: number;
  /** ‖logits − golden‖ / ‖golden‖ over the positions that are no padding. */
  readonly logits: number;
  /** The same of the gradient, all layers, keys and values together. */
  readonly gradient: number;
  readonly worst: { readonly name: string; readonly error: number };
}

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
  const decoder = await LoadedDecoder.load(backend, once(files.model), {
    byteLength: files.model.byteLength,
    hints: { kvHeads: it.kvHeads, headDim: it.headDim },
    ...options,
  });
  try {
    const { loss, gradient } = await train(decoder, it, recompute);
    const logits = await forward(decoder, it);
    return compare(it, loss, gradient, logits);
  } finally {
    await decoder.dispose();
  }
}

/** What is over its bound, in one sentence; null where nothing is. A NaN is over every bound. */
export function excess({ loss, logits, gradient, worst }: GradientErrors): string | null {
  const within = (error: number, bound: number) => error <= bound;
  if (!within(loss, BOUND)) return `The loss is off by ${loss}, relatively.`;
  if (!within(logits, BOUND)) return `The logits are off by ${logits}, relatively.`;
  if (!within(gradient, BOUND)) return `The gradient is off by ${gradient}, relatively.`;
  if (!within(worst.error, BOUND * WORST_FACTOR)) return `${worst.name} is off by ${worst.error}, relatively.`;
  return null;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function train(
  decoder: LoadedDecoder,
  it: GradientCase,
  recompute: boolean,
): Promise<{ loss: number; gradient: Float32Array }> {
  const { batch, tokens, prefix, rows } = it;
  const flat = Float32Array.from(it.golden.prefix.flatMap((values) => [...values]));
  const program = await decoder.training(pastGraft(decoder.decoder, prefix), {
    batch,
    tokens,
    rows: rows.length,
    recompute,
  });
  const feeds = {
    [names.trainable]: floatFeed([flat.length], flat),
    [names.ids]: idsOf(it),
    [names.rows]: int64Feed([rows.length], BigInt64Array.from(rows, BigInt)),
    [names.labels]: int32Feed([rows.length], Int32Array.from(it.labels)),
    [names.weights]: floatFeed([rows.length], new Float32Array(rows.length).fill(1 / rows.length)),
    ...(recompute && { [names.zero]: floatFeed([1], new Float32Array(1)) }),
  };
  return program.call(feeds, async (outputs) => ({
    loss: (await readFloats(decoder.backend, outputs[names.loss]))[0] ?? Number.NaN,
    gradient: await readFloats(decoder.backend, outputs[names.gradient]),
  }));
}

/** Logits of all positions, [batch, tokens, vocabulary]. */
async function forward(decoder: LoadedDecoder, it: GradientCase): Promise<Float32Array> {
  const { batch, tokens, prefix, kvHeads, headDim, golden } = it;
  const program = await decoder.forward({
    batch,
    tokens,
    cache: prefix,
    rows: null,
    layout: 'dense',
    head: 'logits',
    newKeyValues: false,
  });
  const feeds: Record<string, HostFeed> = { [names.ids]: idsOf(it) };
  golden.prefix.forEach((values, i) => {
    const data = Float32Array.from(Array.from({ length: batch }, () => [...values]).flat());
    const name = names.cache(Math.floor(i / 2), i % 2 === 0 ? 'key' : 'value');
    feeds[name] = floatFeed([batch, kvHeads, prefix, headDim], data);
  });
  return program.call(feeds, (outputs) => readFloats(decoder.backend, outputs[names.logits]));
}

const idsOf = ({ batch, tokens, ids }: GradientCase): HostFeed =>
  int64Feed([batch, tokens], BigInt64Array.from(ids, BigInt));

function compare(it: GradientCase, loss: number, gradient: Float32Array, logits: Float32Array): GradientErrors {
  const { golden } = it;
  let offset = 0;
  const perTensor = golden.gradients.map(({ name, values }) => {
    const part = gradient.subarray(offset, offset + values.length);
    offset += values.length;
    return { name, error: errorOf(part, values) };
  });
  const all = Float32Array.from(golden.gradients.flatMap(({ values }) => [...values]));
  const worst = perTensor.reduce((a, b) => (b.error <= a.error ? a : b));
  return {
    loss: Math.abs(loss - golden.loss) / Math.abs(golden.loss),
    logits: errorOf(validPositions(it, logits), validPositions(it, golden.logits)),
    gradient: errorOf(gradient, all),
    worst,
  };
}

/** Rows of the logits at t < length; what stands at padding means nothing. */
function validPositions({ batch, tokens, lengths, golden }: GradientCase, logits: Float32Array): Float32Array {
  const vocabulary = golden.logits.length / (batch * tokens);
  const parts = lengths.map((length, row) => {
    const start = row * tokens * vocabulary;
    return [...logits.subarray(start, start + length * vocabulary)];
  });
  return Float32Array.from(parts.flat());
}

/** ‖x − golden‖ / ‖golden‖; infinite where x is not finite or of another size. */
const errorOf = (x: Float32Array, golden: Float32Array): number =>
  x.length === golden.length ? relativeError(x, golden) : Number.POSITIVE_INFINITY;
