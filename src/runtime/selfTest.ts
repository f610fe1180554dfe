/**
 * Whether a device computes this model correctly: the same graph on a fixed prompt, on the device and on wasm. GPU drivers
 * and kernels have been silently wrong before; a person should not find out from a bad prefix.
 */
import type { ForwardShape } from '../autodiff';
import { names } from '../autodiff';
import { LoadedDecoder } from './loadedDecoder';
import { int64Feed, readFloats } from './program';
import { createWasmBackend } from './wasmBackend';

const PROMPT_TOKENS = 40;
/** Rounding differs between devices; a wrong kernel is off by far more. */
export const SELF_TEST_LIMIT = 1e-3;
/** Above this, a second copy of the weights on the host is not worth the test. */
const LARGEST_TESTED_BYTES = 512 * 2 ** 20;

/**
 * @returns the relative error ‖x − y‖ / ‖y‖ of the logits, all rows; null if the model is too large to be tested
 */
export async function selfTest(loaded: LoadedDecoder, vocabSize: number): Promise<number | null> {
  if (loaded.backend.live().bytes > LARGEST_TESTED_BYTES) return null;
  const reference = await createWasmBackend();
  try {
    const copy = await LoadedDecoder.copyTo(reference, loaded);
    const error = relativeError(await logitsOf(loaded, vocabSize), await logitsOf(copy, vocabSize));
    await copy.dispose();
    return error;
  } finally {
    // With the backend goes whatever is left on it.
    await reference.dispose();
  }
}

async function logitsOf(loaded: LoadedDecoder, vocabSize: number): Promise<Float32Array> {
  const { backend } = loaded;
  const shape: ForwardShape = {
    batch: 1,
    tokens: PROMPT_TOKENS,
    cache: 0,
    rows: null,
    layout: 'dense',
    head: 'logits',
    newKeyValues: false,
  };
  // Any tokens do; these walk through the vocabulary with a stride that meets few of them twice.
  const ids = BigInt64Array.from({ length: PROMPT_TOKENS }, (_, i) => BigInt((i * 7919 + 13) % vocabSize));
  const program = await loaded.forward(shape);
  return program.call({ [names.ids]: int64Feed([1, PROMPT_TOKENS], ids) }, (outputs) =>
    readFloats(backend, outputs[names.logits]),
  );
}

/** ‖x − y‖ / ‖y‖; infinite where x is not finite. */
export function relativeError(x: Float32Array, y: Float32Array): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < y.length; i++) {
    difference += ((x[i] as number) - (y[i] as number)) ** 2;
    norm += (y[i] as number) ** 2;
  }
  const error = Math.sqrt(difference / norm);
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}
