/** From a model's files to a model that computes: config, tokenizer, weights on a device, kernels, and the device's test. */
import type { ModelGeometry } from '../adapters';
import { ModelError } from '../errors';
import { createKernels, type Kernels } from '../kernels';
import {
  ContentChanged,
  dtypeOf,
  externalDataPath,
  loadTokenizer,
  type ModelConfig,
  type ModelFiles,
  type ModelTokenizer,
  parseModelConfig,
  requiredText,
  withProgress,
} from '../models';
import {
  type Backend,
  chooseBackend,
  createWasmBackend,
  LoadedDecoder,
  OriginalGraph,
  SELF_TEST_LIMIT,
  selfTest,
} from '../runtime';
import { serialiseError } from './errors';
import type { DeviceChoice, LoadProgress, ModelSummary } from './protocol';

export interface OpenModel {
  readonly summary: ModelSummary;
  /** What an adapter must fit. */
  readonly geometry: ModelGeometry;
  readonly config: ModelConfig;
  readonly tokenizer: ModelTokenizer;
  readonly loaded: LoadedDecoder;
  readonly kernels: Kernels;
  /** Set where our graphs cannot be made of the model: it generates with its own. */
  readonly original: OriginalGraph | null;
  /** Why the model cannot be tuned. */
  readonly untrainable: ModelError | null;
  dispose(): Promise<void>;
}

interface OnDevice {
  readonly backend: Backend;
  readonly loaded: LoadedDecoder;
  readonly kernels: Kernels;
  readonly fileBytes: number;
}

export async function openModel(
  source: ModelFiles,
  choice: DeviceChoice,
  onProgress: (progress: LoadProgress) => void,
  threads?: number,
): Promise<OpenModel> {
  const files = withProgress(source, onProgress);
  const config = parseModelConfig(await requiredText(files, 'config.json'), await files.text('generation_config.json'));
  const tokenizer = await loadTokenizer(files, config.eosTokenIds);
  let reason = '';
  let device = await loadFresh(files, config, async () => {
    const chosen = await chooseBackend(choice, threads);
    reason = chosen.reason;
    return chosen.backend;
  });
  onProgress({ status: 'compiling' });
  let selfTestError: number | null = null;
  if (device.backend.kind === 'webgpu' && device.loaded.trainability.kind === 'opaque') {
    reason = 'Prelude cannot compile this model for the GPU, so wasm is used.';
    await release(device);
    device = await loadFresh(source, config, () => createWasmBackend(threads));
  } else if (device.backend.kind === 'webgpu') {
    onProgress({ status: 'testing-device' });
    const verdict = await judge(device.loaded, config.vocabSize);
    if ('failure' in verdict) {
      reason = `${device.backend.description} ${verdict.failure}, so wasm is used.`;
      await release(device);
      device = await loadFresh(source, config, () => createWasmBackend(threads));
    } else {
      selfTestError = verdict.error;
    }
  }
  const { backend, loaded, kernels, fileBytes } = device;
  const { trainability } = loaded;
  const original = trainability.kind === 'opaque' ? await openOriginal(device) : null;
  const untrainable = trainability.kind === 'trains' ? null : trainability.why;
  const [layer] = loaded.decoder.layers;
  const summary: ModelSummary = {
    name: files.name,
    family: config.modelType,
    parameters: loaded.parameters,
    dtype: dtypeOf(files.onnxPath),
    fileBytes,
    layers: loaded.decoder.layers.length,
    kvHeads: layer?.kvHeads ?? 0,
    headDim: layer?.headDim ?? 0,
    vocabSize: config.vocabSize,
    contextLength: config.contextLength,
    hasChatTemplate: tokenizer.hasChatTemplate,
    loraTargets: [],
    device: { kind: backend.kind, description: backend.description, reason, selfTestError },
    untrainable: untrainable && serialiseError(untrainable),
  };
  onProgress({ status: 'ready' });
  return {
    summary,
    geometry: { layers: summary.layers, kvHeads: summary.kvHeads, headDim: summary.headDim },
    config,
    tokenizer,
    loaded,
    kernels,
    original,
    untrainable,
    async dispose() {
      await original?.release();
      await release(device);
    },
  };
}

async function openOriginal(device: OnDevice): Promise<OriginalGraph> {
  try {
    return await OriginalGraph.open(device.loaded);
  } catch (error) {
    await release(device);
    throw error;
  }
}

async function release({ kernels, loaded, backend }: OnDevice): Promise<void> {
  kernels.dispose();
  await loaded.dispose();
  await backend.dispose();
}

/** Whether the device can be trusted with this model; a test that cannot be run is no trust either. */
async function judge(
  loaded: LoadedDecoder,
  vocabSize: number,
): Promise<{ readonly error: number | null } | { readonly failure: string }> {
  try {
    const error = await selfTest(loaded, vocabSize);
    if (error === null || error <= SELF_TEST_LIMIT) return { error };
    return { failure: `computes this model wrongly (self-test error ${error.toPrecision(2)})` };
  } catch (cause) {
    return { failure: `could not run this model (${cause instanceof Error ? cause.message : String(cause)})` };
  }
}

/** Where the file turned out to be another than it should be, what was loaded of it is let go, and it is loaded afresh. */
async function loadFresh(files: ModelFiles, config: ModelConfig, open: () => Promise<Backend>): Promise<OnDevice> {
  try {
    return await load(files, config, await open());
  } catch (error) {
    if (!(error instanceof ContentChanged)) throw error;
    return load(files, config, await open());
  }
}

async function load(files: ModelFiles, config: ModelConfig, backend: Backend): Promise<OnDevice> {
  let loaded: LoadedDecoder | null = null;
  try {
    const { chunks, bytes } = await files.open(files.onnxPath);
    let externalBytes = 0;
    loaded = await LoadedDecoder.load(backend, chunks, {
      file: files.onnxPath,
      ...(bytes !== null && { byteLength: bytes }),
      hints: { kvHeads: config.kvHeads, headDim: config.headDim },
      contextLength: config.contextLength,
      external: async (location) => {
        const data = await files.open(externalDataPath(files.onnxPath, location));
        externalBytes += data.bytes ?? 0;
        return data.chunks;
      },
    });
    checkAgreement(loaded, config);
    return { backend, loaded, kernels: await createKernels(backend), fileBytes: (bytes ?? 0) + externalBytes };
  } catch (error) {
    await loaded?.dispose();
    await backend.dispose();
    throw error;
  }
}

/** A config.json of another model would give wrong positions and adapters nobody can load. */
function checkAgreement({ decoder }: LoadedDecoder, config: ModelConfig): void {
  const [layer] = decoder.layers;
  const pairs: readonly [string, number, number | undefined][] = [
    ['num_hidden_layers', config.layers, decoder.layers.length],
    ['num_key_value_heads', config.kvHeads, layer?.kvHeads],
    ['head_dim', config.headDim, layer?.headDim],
  ];
  for (const [field, expected, actual] of pairs) {
    if (expected === actual) continue;
    throw new ModelError(
      `config.json says ${field} is ${expected}, but the ONNX file has ${actual}.`,
      { file: 'config.json', field },
      'Use the config.json that belongs to the ONNX file.',
    );
  }
}
