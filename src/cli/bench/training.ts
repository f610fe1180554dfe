/** What a training step of the bundled model costs: measured against a forward pass, and counted in the graphs. */
import { type GraphCost, pastGraft } from '../../autodiff';
import { openBrowser } from '../browser';
import { bundledModel } from './bundledModel';
import { forwardShape, STEP_SHAPE, type StepShape, stepAndForward, trainingShape } from './stepOverForward';

const ROUNDS = 15;
const WARM_UPS = 3;

export async function stepRatioOnWasm(): Promise<number> {
  const { loaded, kernels, vocabSize } = await bundledModel();
  const repeat = { rounds: ROUNDS, warmUps: WARM_UPS };
  const { step, forward, ratio } = await stepAndForward(loaded, kernels, vocabSize, STEP_SHAPE, repeat);
  process.stderr.write(`a step ${step.toFixed(1)} ms, a forward pass ${forward.toFixed(1)} ms\n`);
  return ratio;
}

/** A software GPU takes seconds for the bundled model, so a small decoder of the tests stands in for it. */
const SMALL_DECODER = { address: '/tests/fixtures/llama_q4/model.onnx', vocabSize: 384 };
export const SMALL_SHAPE: StepShape = { batch: 2, tokens: 32, prefix: 8, supervised: 8 };

/** In headless Chromium, on whatever adapter its flags give. */
export async function stepRatioOnWebGpu(): Promise<number> {
  const { module, close } = await openBrowser();
  try {
    const { measure } = module<typeof import('./stepOverForward.page')>('/src/cli/bench/stepOverForward.page.ts');
    const { address, vocabSize } = SMALL_DECODER;
    const { step, forward, ratio, device } = await measure(address, vocabSize, SMALL_SHAPE);
    process.stderr.write(`${device}: a step ${step.toFixed(0)} ms, a forward pass ${forward.toFixed(0)} ms\n`);
    return ratio;
  } finally {
    await close();
  }
}

/** Nodes, arithmetic and memory of both graphs, from the graphs themselves. */
export async function staticCost(): Promise<{ readonly step: GraphCost; readonly forward: GraphCost }> {
  const { loaded } = await bundledModel();
  const training = await loaded.training(pastGraft(loaded.decoder, STEP_SHAPE.prefix), trainingShape(STEP_SHAPE));
  const scoring = await loaded.forward(forwardShape(STEP_SHAPE));
  return { step: training.graph.cost, forward: scoring.graph.cost };
}
