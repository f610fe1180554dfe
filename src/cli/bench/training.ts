/** What a training step of the bundled model costs: measured against a forward pass, and counted in the graphs. */
import type { GraphCost } from '../../autodiff';
import { bundledModel } from './bundledModel';
import { forwardShape, STEP_SHAPE, stepAndForward, trainingShape } from './stepOverForward';

const ROUNDS = 15;
const WARM_UPS = 3;

export async function stepRatioOnWasm(): Promise<number> {
  const { loaded, kernels, vocabSize } = await bundledModel();
  const repeat = { rounds: ROUNDS, warmUps: WARM_UPS };
  const { step, forward } = await stepAndForward(loaded, kernels, vocabSize, STEP_SHAPE, repeat);
  process.stderr.write(`a step ${step.toFixed(1)} ms, a forward pass ${forward.toFixed(1)} ms\n`);
  return step / forward;
}

/** Nodes, arithmetic and memory of both graphs, from the graphs themselves. */
export async function staticCost(): Promise<{ readonly step: GraphCost; readonly forward: GraphCost }> {
  const { loaded } = await bundledModel();
  const training = await loaded.training(trainingShape(STEP_SHAPE));
  const scoring = await loaded.forward(forwardShape(STEP_SHAPE));
  return { step: training.graph.cost, forward: scoring.graph.cost };
}
