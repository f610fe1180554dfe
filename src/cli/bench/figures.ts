/**
 * The figures of the bench, as a table: name, unit, what is measured, and how. Those that time something run one at a time,
 * in this order. What a figure needs is loaded when the first figure asks for it.
 */
import { generationRatio, prefixSwitchMilliseconds } from './generation';
import { describeShape, STEP_SHAPE } from './stepOverForward';
import { staticCost, stepRatioOnWasm } from './training';

export interface Figure {
  /** Key in the JSON output. */
  readonly name: string;
  readonly unit: string;
  /** One line, shapes included. */
  readonly what: string;
  /** @returns null where the figure cannot be taken on this machine */
  readonly measure: () => Promise<number | null>;
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
    what: 'another prefix of 16 into a warm cache, bundled model, wasm',
    measure: prefixSwitchMilliseconds,
  },
];
