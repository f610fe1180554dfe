/** A golden decoder with random weights, ready to tune and to generate: two layers, a step in milliseconds. */
import { names, prefixSize } from '../../src/autodiff';
import type { DevicePrefix } from '../../src/inference';
import { createKernels, type Kernels } from '../../src/kernels';
import {
  bytesOfArray,
  createWasmBackend,
  type LoadedDecoder,
  type LoadOptions,
  type WasmBackend,
} from '../../src/runtime';
import { Random } from '../../src/tuning';
import { loadFixture } from './fixtures';
import { initialPrefix } from './prefixes';
import { floats, int64s, runProgram } from './run';

/** Words that every fixture has. */
export const VOCABULARY = 320;
/** Positions the fixture has rotary tables for. */
export const CONTEXT = 96;

export interface TinyModel {
  readonly backend: WasmBackend;
  readonly loaded: LoadedDecoder;
  readonly kernels: Kernels;
  dispose(): Promise<void>;
}

export async function openTiny(
  fixture = 'llama_q4',
  options: LoadOptions = {},
  wrap: (backend: WasmBackend) => WasmBackend = (backend) => backend,
): Promise<TinyModel> {
  const backend = wrap(await createWasmBackend());
  const loaded = await loadFixture(backend, fixture, options);
  const kernels = await createKernels(backend);
  return {
    backend,
    loaded,
    kernels,
    async dispose() {
      kernels.dispose();
      await loaded.dispose();
      await backend.dispose();
    },
  };
}

export const randomIds = (seed: number, count: number): number[] => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.integer(VOCABULARY));
};

/** A prefix on the device, from the keys and values of these tokens; the caller frees `parameters`. */
export async function textPrefix({ loaded, backend }: TinyModel, tokenIds: readonly number[]): Promise<DevicePrefix> {
  const length = tokenIds.length;
  const values = await initialPrefix(loaded, length, { type: 'text', tokenIds }, new Random(0));
  return devicePrefix(backend, values, length);
}

export const devicePrefix = (backend: WasmBackend, values: Float32Array, length: number): DevicePrefix => ({
  parameters: backend.upload('float32', [values.length], bytesOfArray(values)),
  length,
});

/** Logits after each token of one text, [tokens][vocabulary]: the whole text at once, no cache but the prefix. */
export async function logitsOfText(
  { loaded, backend }: TinyModel,
  tokenIds: readonly number[],
  prefix: { readonly values: Float32Array; readonly length: number } | null = null,
): Promise<Float32Array[]> {
  const tokens = tokenIds.length;
  const program = await loaded.forward({
    batch: 1,
    tokens,
    cache: prefix?.length ?? 0,
    rows: null,
    layout: 'dense',
    head: 'logits',
    newKeyValues: false,
  });
  const feeds = { [names.ids]: int64s([1, tokens], tokenIds), ...(prefix && cacheFeeds(loaded, prefix)) };
  const all = (await runProgram(backend, program, feeds))[names.logits] as Float32Array;
  const width = all.length / tokens;
  return Array.from({ length: tokens }, (_, t) => all.subarray(t * width, (t + 1) * width));
}

/** The flat prefix, cut by hand into each layer's key and value. */
function cacheFeeds({ decoder }: LoadedDecoder, { values, length }: { values: Float32Array; length: number }) {
  if (values.length !== prefixSize(decoder, length)) throw new RangeError('the prefix has another size');
  let offset = 0;
  return Object.fromEntries(
    decoder.layers.flatMap(({ kvHeads, headDim }, layer) =>
      (['key', 'value'] as const).map((what) => {
        const size = kvHeads * length * headDim;
        const part = values.slice(offset, offset + size);
        offset += size;
        return [names.cache(layer, what), floats([1, kvHeads, length, headDim], part)] as const;
      }),
    ),
  );
}

export const argMax = (logits: Float32Array): number => logits.indexOf(Math.max(...logits));

/** −log softmax(logits)[label], in float64. */
export function surprise(logits: Float32Array, label: number): number {
  const top = Math.max(...logits);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
  return Math.log(total) + top - (logits[label] as number);
}
