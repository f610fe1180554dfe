/** The bundled model on wasm, as the figures of the bench share it: loaded once, on first use. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createKernels, type Kernels } from '../../kernels';
import { defaultModelName, parseModelConfig, requiredText } from '../../models';
import { createWasmBackend, LoadedDecoder } from '../../runtime';
import { modelFolder } from '../localFolder';

export interface BenchModel {
  readonly loaded: LoadedDecoder;
  readonly kernels: Kernels;
  readonly vocabSize: number;
  readonly contextLength: number;
}

const folder = fileURLToPath(new URL(`../../../public/models/${defaultModelName}`, import.meta.url));
let opened: Promise<BenchModel> | undefined;

export function bundledModel(): Promise<BenchModel> {
  opened ??= open();
  return opened;
}

async function open(): Promise<BenchModel> {
  const files = await modelFolder(folder);
  const config = parseModelConfig(await requiredText(files, 'config.json'), null);
  const backend = await createWasmBackend(availableParallelism());
  const { chunks } = await files.open(files.onnxPath);
  const hints = { kvHeads: config.kvHeads, headDim: config.headDim };
  const loaded = await LoadedDecoder.load(backend, chunks, { file: files.onnxPath, hints });
  const { vocabSize, contextLength } = config;
  return { loaded, kernels: await createKernels(backend), vocabSize, contextLength };
}
