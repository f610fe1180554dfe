/**
 * Holds a decoder's loss, logits and prefix gradient on one backend against PyTorch's. The same code runs in Node and in a
 * page; it opens no file and prints nothing.
 */
import { type CompileTarget, names } from '../autodiff';
import { type Backend, bytesOfArray, type DeviceTensor, LoadedDecoder, type Program, relativeError } from '../runtime';
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
}

/** @throws PreludeError where the files, the graph or the device are not what they should be */
export async function checkGradients(
  backend: Backend,
  files: CaseFiles,
  options: CheckOptions = {},
): Promise<GradientErrors> {
  const it = parseCase(files);
  const decoder = await LoadedDecoder.load(backend, once(files.model), {
    byteLength: files.model.byteLength,
    hints: { kvHeads: it.kvHeads, headDim: it.headDim },
    ...options,
  });
  try {
    const { loss, gradient } = await train(decoder, it);
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

async function train(decoder: LoadedDecoder, it: GradientCase): Promise<{ loss: number; gradient: Float32Array }> {
  const { batch, tokens, prefix, rows } = it;
  const flat = Float32Array.from(it.golden.prefix.flatMap((values) => [...values]));
  const program = await decoder.training({ batch, tokens, prefix, rows: rows.length });
  const outputs = await runOnce(decoder.backend, program, {
    [names.trainable]: { dataType: 'float32', dims: [flat.length], data: flat },
    [names.ids]: idsOf(it),
    [names.rows]: { dataType: 'int64', dims: [rows.length], data: BigInt64Array.from(rows, BigInt) },
    [names.labels]: { dataType: 'int32', dims: [rows.length], data: Int32Array.from(it.labels) },
    [names.weights]: {
      dataType: 'float32',
      dims: [rows.length],
      data: new Float32Array(rows.length).fill(1 / rows.length),
    },
  });
  return { loss: outputs[names.loss]?.[0] ?? Number.NaN, gradient: outputs[names.gradient] ?? new Float32Array() };
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
  const feeds: Record<string, Feed> = { [names.ids]: idsOf(it) };
  golden.prefix.forEach((values, i) => {
    const data = Float32Array.from(Array.from({ length: batch }, () => [...values]).flat());
    const name = names.cache(Math.floor(i / 2), i % 2 === 0 ? 'key' : 'value');
    feeds[name] = { dataType: 'float32', dims: [batch, kvHeads, prefix, headDim], data };
  });
  const outputs = await runOnce(decoder.backend, program, feeds);
  return outputs[names.logits] ?? new Float32Array();
}

interface Feed {
  readonly dataType: 'float32' | 'int64' | 'int32';
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array | Int32Array;
}

const idsOf = ({ batch, tokens, ids }: GradientCase): Feed => ({
  dataType: 'int64',
  dims: [batch, tokens],
  data: BigInt64Array.from(ids, BigInt),
});

/** Uploads what the graph reads, runs it, reads every output as float32, and frees all of it. */
async function runOnce(
  backend: Backend,
  program: Program,
  feeds: Readonly<Record<string, Feed>>,
): Promise<Record<string, Float32Array>> {
  const alive: DeviceTensor[] = [];
  try {
    const uploaded: Record<string, DeviceTensor> = {};
    for (const [name, { dataType, dims, data }] of Object.entries(feeds)) {
      const tensor = backend.upload(dataType, dims, bytesOfArray(data));
      alive.push(tensor);
      uploaded[name] = tensor;
    }
    const outputs = await program.run(uploaded);
    alive.push(...Object.values(outputs));
    const values: Record<string, Float32Array> = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      values[name] = new Float32Array((await backend.read(tensor)).slice().buffer);
    }
    return values;
  } finally {
    for (const tensor of alive) backend.free(tensor);
  }
}

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
