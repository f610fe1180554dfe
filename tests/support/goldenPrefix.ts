/** A golden decoder with its golden prefix in the cache and its first text, and what PyTorch says its heads attend to. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod/mini';
import { readSafeTensors, toFloat32 } from '../../src/adapters';
import { names } from '../../src/autodiff';
import type { Backend, LoadedDecoder } from '../../src/runtime';
import { loadFixture, readCase } from './fixtures';
import { type Feed, floats } from './run';

const size = z.int();
const Description = z.object({
  P: size,
  heads: size,
  kv_heads: size,
  head_dim: size,
  lengths: z.array(size),
  input_ids: z.array(z.array(size)),
});

export interface GoldenPrefix {
  readonly loaded: LoadedDecoder;
  readonly heads: number;
  /** P. */
  readonly length: number;
  /** [layers, 2, kvHeads, P, headDim] */
  readonly values: Float32Array;
  /** The same as the cache of a batch of 1. */
  readonly cache: Readonly<Record<string, Feed>>;
  /** The first text, without padding. */
  readonly ids: readonly number[];
  /** After each of its tokens, [time · vocabulary]. */
  readonly logits: Float32Array;
}

export async function withGoldenPrefix<T>(
  backend: Backend,
  name: string,
  use: (golden: GoldenPrefix) => Promise<T>,
): Promise<T> {
  const files = readCase(name);
  const { P: length, heads, kv_heads, head_dim, lengths, input_ids } = Description.parse(JSON.parse(files.description));
  const ids = (input_ids[0] ?? []).slice(0, lengths[0]);
  const { tensors } = readSafeTensors(files.golden);
  const numbersOf = (tensor: string): Float32Array => {
    const found = tensors.get(tensor);
    if (!found) throw new Error(`${name} has no golden ${tensor}`);
    return toFloat32(found);
  };
  const loaded = await loadFixture(backend, name, { hints: { kvHeads: kv_heads, headDim: head_dim } });
  const parts = loaded.decoder.layers.flatMap((_, layer) =>
    (['key', 'value'] as const).map((what) => ({
      name: names.cache(layer, what),
      values: numbersOf(`prefix.${layer}.${what}`),
    })),
  );
  const logits = numbersOf('logits');
  const vocabulary = tensors.get('logits')?.dims.at(-1) ?? 0;
  try {
    return await use({
      loaded,
      heads,
      length,
      values: Float32Array.from(parts.flatMap(({ values }) => [...values])),
      cache: Object.fromEntries(
        parts.map((part) => [part.name, floats([1, kv_heads, length, head_dim], Float32Array.from(part.values))]),
      ),
      ids,
      logits: logits.subarray(0, ids.length * vocabulary),
    });
  } finally {
    await loaded.dispose();
  }
}

const attentionFile = fileURLToPath(new URL('../fixtures/attention.safetensors', import.meta.url));

/** `{case}.{layer}` → [heads, time, columns]; see tools/golden/attention.py. */
export const goldenAttention: ReadonlyMap<string, Float32Array> = new Map(
  [...readSafeTensors(new Uint8Array(readFileSync(attentionFile))).tensors].map(([name, tensor]) => [
    name,
    toFloat32(tensor),
  ]),
);

export const attentionCases: readonly string[] = [
  ...new Set([...goldenAttention.keys()].map((name) => name.replace(/\.\d+$/, ''))),
];
