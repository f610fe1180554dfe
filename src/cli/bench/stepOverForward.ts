/**
 * One training step over one forward pass of the same tokens: the price of the gradient. The step is all that a step is
 * (training graph, accumulation, norm, clipping, AdamW); the forward pass is the scoring graph with the same prefix as its
 * cache and the same supervised rows. Runs on any backend, in Node and in a page.
 */
import { type ForwardShape, names, type TrainingShape } from '../../autodiff';
import { KeyValueCache } from '../../inference';
import type { Kernels } from '../../kernels';
import { bytesOfArray, type LoadedDecoder } from '../../runtime';
import { collate, Optimiser, prefixMethod, Random } from '../../tuning';
import { takeTurns } from './timing';

export interface StepShape {
  readonly batch: number;
  readonly tokens: number;
  readonly prefix: number;
  /** Supervised tokens per row, the last ones. */
  readonly supervised: number;
}

/** The shape that the project's targets speak of. */
export const STEP_SHAPE: StepShape = { batch: 4, tokens: 64, prefix: 16, supervised: 16 };

export const describeShape = ({ batch, tokens, prefix, supervised }: StepShape): string =>
  `${batch} × ${tokens} tokens, prefix ${prefix}, ${batch * supervised} of ${batch * tokens} tokens supervised`;

export const trainingShape = ({ batch, tokens, supervised }: StepShape): TrainingShape => ({
  batch,
  tokens,
  rows: batch * supervised,
});

export const forwardShape = ({ batch, tokens, prefix, supervised }: StepShape): ForwardShape => ({
  batch,
  tokens,
  cache: prefix,
  rows: batch * supervised,
  layout: 'dense',
  head: 'losses',
  newKeyValues: false,
});

/** A rate at which the numbers of the prefix change and stay finite. */
const LEARNING_RATE = 1e-3;

/** Medians, in milliseconds, and the median of step / forward. */
export interface StepTimes {
  readonly step: number;
  readonly forward: number;
  readonly ratio: number;
}

export async function stepAndForward(
  loaded: LoadedDecoder,
  kernels: Kernels,
  vocabSize: number,
  shape: StepShape,
  { rounds, warmUps }: { readonly rounds: number; readonly warmUps: number },
): Promise<StepTimes> {
  const { backend } = loaded;
  const random = new Random(1);
  const sequences = Array.from({ length: shape.batch }, () => ({
    tokenIds: Array.from({ length: shape.tokens }, () => random.integer(vocabSize)),
    targetStart: shape.tokens - shape.supervised,
  }));
  const { batch, tokens, rows, inputIds, rowIndices, labels, weights } = collate(
    sequences,
    shape.batch,
    shape.batch * shape.supervised,
  );
  if (tokens !== shape.tokens || rows !== shape.batch * shape.supervised) {
    throw new RangeError('the shape is not one that batches have');
  }
  const text = {
    [names.ids]: backend.upload('int64', [batch, tokens], bytesOfArray(inputIds)),
    [names.rows]: backend.upload('int64', [rows], bytesOfArray(rowIndices)),
    [names.labels]: backend.upload('int32', [rows], bytesOfArray(labels)),
  };
  const labelWeights = backend.upload('float32', [rows], bytesOfArray(weights));
  const init = { type: 'vocabulary', vocabSize } as const;
  const method = prefixMethod(loaded, { length: shape.prefix, init, projection: null, frozenTokens: 0 });
  const { values } = await method.initial(loaded, random);
  const optimiser = new Optimiser(backend, kernels, values, { weightDecay: 0, maxGradNorm: 1 });
  const cache = new KeyValueCache(loaded, kernels, batch, shape.prefix);
  try {
    cache.reset({ parameters: optimiser.parameters, length: shape.prefix });
    const training = await loaded.training(method.graft, trainingShape(shape));
    const scoring = await loaded.forward(forwardShape(shape));
    const step = async () => {
      await training.run(
        { ...text, [names.weights]: labelWeights, [names.trainable]: optimiser.parameters },
        { [names.loss]: optimiser.loss, [names.gradient]: optimiser.gradient },
      );
      optimiser.accumulate();
      const { loss } = await optimiser.update(LEARNING_RATE);
      if (!Number.isFinite(loss)) throw new Error(`the loss of the measured step is ${loss}`);
    };
    const forward = async () => {
      const outputs = await scoring.run({ ...text, ...cache.feeds });
      for (const tensor of Object.values(outputs)) {
        await backend.read(tensor);
        backend.free(tensor);
      }
    };
    const { a, b, ratio } = await takeTurns(rounds, warmUps, step, forward);
    return { step: a, forward: b, ratio };
  } finally {
    cache.dispose();
    optimiser.dispose();
    for (const tensor of [...Object.values(text), labelWeights]) backend.free(tensor);
  }
}
