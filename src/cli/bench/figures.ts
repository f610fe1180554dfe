/**
 * The figures of the bench, as a table: name, unit, what is measured, and how. Those that time something run one at a time,
 * in this order. What a figure needs is loaded when the first figure asks for it.
 */
import { firstTokenSeconds, scriptGzipBytes } from './builtPage';
import { datasetPeakBytes, datasetPreviewSeconds, datasetReadSeconds, describeDataset } from './dataset';
import { generationRatio } from './generation';
import { loadingHeapRatio } from './loadingHeap';
import { describeShape, STEP_SHAPE } from './stepOverForward';
import { slowestSwitch } from './switching';
import { SMALL_SHAPE, staticCost, stepRatioOnWasm, stepRatioOnWebGpu } from './training';

export interface Figure {
  /** Key in the JSON output. */
  readonly name: string;
  readonly unit: string;
  /** One line, shapes included. */
  readonly what: string;
  /** null: this command has no means to take it. */
  readonly measure: (() => Promise<number>) | null;
}

const shape = describeShape(STEP_SHAPE);

export const figures: readonly Figure[] = [
  {
    name: 'step_over_forward_wasm',
    unit: '×',
    what: `a training step over a forward pass, bundled model, wasm: ${shape}`,
    measure: stepRatioOnWasm,
  },
  {
    name: 'step_over_forward_webgpu',
    unit: '×',
    what: `the same on WebGPU (SwiftShader), a tiny decoder: ${describeShape(SMALL_SHAPE)}`,
    measure: stepRatioOnWebGpu,
  },
  {
    name: 'step_over_torch',
    unit: '×',
    what: 'the same step in PyTorch on the same machine; not taken here',
    measure: null,
  },
  {
    name: 'nodes_step_over_forward',
    unit: '×',
    what: 'nodes of the training graph over those of the forward graph, same shapes',
    measure: async () => {
      const { step, forward } = await staticCost();
      return step.nodes / forward.nodes;
    },
  },
  {
    name: 'flops_step_over_forward',
    unit: '×',
    what: 'arithmetic of the training graph over that of the forward graph, same shapes',
    measure: async () => {
      const { step, forward } = await staticCost();
      return step.flops / forward.flops;
    },
  },
  {
    name: 'peak_live_bytes',
    unit: 'bytes',
    what: 'intermediate values of the training graph that are alive together, at most; same shapes, static',
    measure: async () => (await staticCost()).step.peakLiveBytes,
  },
  {
    name: 'generation_with_over_without',
    unit: '×',
    what: 'tokens per second with a prefix of 16 over those without, bundled model, wasm',
    measure: generationRatio,
  },
  {
    name: 'prefix_switch_ms',
    unit: 'ms',
    what: 'until the model reads with another adapter: the slowest of prefix, prompt and LoRA, bundled model, wasm',
    measure: slowestSwitch,
  },
  {
    name: 'heap_over_largest_tensor',
    unit: '×',
    what: 'JavaScript memory the worker holds while 304 MiB load from a server through the cache, over the largest tensor',
    measure: loadingHeapRatio,
  },
  {
    name: 'dataset_preview_s',
    unit: 's',
    what: `a dataset set to its preview, bundled model's tokenizer: ${describeDataset}`,
    measure: datasetPreviewSeconds,
  },
  {
    name: 'dataset_read_s',
    unit: 's',
    what: 'the same to its summary: all read, 10,000 rows drawn, mapped and tokenised',
    measure: datasetReadSeconds,
  },
  {
    name: 'dataset_peak_bytes',
    unit: 'bytes',
    what: 'JavaScript memory meanwhile, over that before',
    measure: datasetPeakBytes,
  },
  {
    name: 'first_token_s',
    unit: 's',
    what: 'page open to first token, bundled model, wasm, second visit in headless Chromium',
    measure: firstTokenSeconds,
  },
  {
    name: 'js_gzip_bytes',
    unit: 'bytes',
    what: 'scripts and styles of the built page, compressed, without ONNX Runtime’s own files',
    measure: scriptGzipBytes,
  },
];
