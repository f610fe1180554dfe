/** Runs in the page: what is told of a learned adapter, and what is written behind it, on ONNX Runtime's WebGPU provider. */
import {
  attentionShares,
  type DeviceAdapter,
  generateBatch,
  neighbourhood,
  score,
  withoutLayer,
} from '../../src/inference';
import { createKernels } from '../../src/kernels';
import { bytesOfArray, createWebGpuBackend, LoadedDecoder } from '../../src/runtime';
import type { LiveCounts } from '../../src/runtime/backend';
import type { PrefixGeometry } from '../../src/tuning';
import type { LayerAttention } from '../../src/worker/learnedProtocol';

export interface Given {
  readonly geometry: PrefixGeometry;
  readonly length: number;
  readonly prefix: readonly number[];
  readonly ids: readonly number[];
  /** Of `ids`, those that are the prompt. */
  readonly promptTokens: number;
}

export interface Told {
  readonly attention: readonly LayerAttention[];
  /** Negative log-likelihood of the answer without each layer's part of the prefix. */
  readonly without: readonly number[];
  /** Ids near the prefix's first numbers, taken as an embedding. */
  readonly near: readonly number[];
  /** Tokens behind the prefix and each of `promptsOf` the ids, written together. */
  readonly written: readonly (readonly number[])[];
  readonly live: LiveCounts;
}

/** Of different lengths. */
export const promptsOf = (ids: readonly number[]) => [ids.slice(0, 6), ids.slice(0, 1), ids.slice(2, 6)];
export const WRITING = { maxTokens: 3, contextLength: 64, endTokenIds: [], isStopped: () => false };

async function* fixture(name: string): AsyncGenerator<Uint8Array> {
  const response = await fetch(`/tests/fixtures/${name}/model.onnx`);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  yield new Uint8Array(await response.arrayBuffer());
}

export async function tell(name: string, { geometry, length, prefix, ids, promptTokens }: Given): Promise<Told> {
  const backend = await createWebGpuBackend();
  const loaded = await LoadedDecoder.load(backend, fixture(name));
  const kernels = await createKernels(backend);
  const values = Float32Array.from(prefix);
  const parameters = backend.upload('float32', [values.length], bytesOfArray(values));
  const onDevice: DeviceAdapter = { kind: 'prefix', prefix: { parameters, length } };
  const text = { promptIds: ids.slice(0, promptTokens), answerIds: ids.slice(promptTokens) };
  const attention = await attentionShares(loaded, kernels, onDevice.prefix, text);
  const without: number[] = [];
  for (const layer of loaded.decoder.layers.keys()) {
    const { adapter, dispose } = withoutLayer(loaded, { method: 'prefix', geometry, length, values }, onDevice, layer);
    const [one] = await score(loaded, kernels, adapter, [{ tokenIds: ids, targetStart: promptTokens }], 1);
    without.push(one?.negativeLogLikelihood ?? Number.NaN);
    dispose();
  }
  const hidden = loaded.embeddingWidth;
  const embedding = { method: 'prompt', length: 1, hidden, values: values.slice(0, hidden) } as const;
  const { nearest } = await neighbourhood(loaded, embedding, 300, 3);
  const answers = await generateBatch(loaded, kernels, onDevice, promptsOf(ids), WRITING);
  const written = answers.map(({ tokenIds }) => tokenIds);
  backend.free(parameters);
  kernels.dispose();
  await loaded.dispose();
  const live = backend.live();
  await backend.dispose();
  return { attention, without, near: nearest.flat().map(({ id }) => id), written, live };
}
