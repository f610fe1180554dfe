/** A training run of a graft on a small fixed text, in Node or in a page: loss and gradient as a function of the trainables. */
import { buildTrainingGraph, type CompileTarget, type Graft, names } from '../../src/autodiff';
import { type LoadedDecoder, Program } from '../../src/runtime';
import { randomGrid, randomSource } from './random';
import { type Feed, floats, int32s, int64s, runProgram } from './run';

const SHAPE = { batch: 2, tokens: 6, rows: 5 };

/** Ids, labels and noise are the same in every run. */
export async function trainingOf(
  loaded: LoadedDecoder,
  graft: Graft,
  { recompute = false, target = loaded.target }: { recompute?: boolean; target?: CompileTarget } = {},
) {
  const { batch, tokens, rows } = SHAPE;
  const program = await Program.open(
    buildTrainingGraph(loaded.decoder, graft, { ...SHAPE, recompute }, target),
    loaded.store,
  );
  const random = randomSource(3);
  const ids = Array.from({ length: batch * tokens }, () => Math.floor(random() * 300));
  const noise = graft.noise(batch, tokens);
  const fixed: Record<string, Feed> = {
    [names.ids]: int64s([batch, tokens], ids),
    [names.rows]: int64s([rows], [1, 2, 4, 8, 10]),
    [names.labels]: int32s([rows], ids.slice(0, rows)),
    [names.weights]: floats([rows], new Float32Array(rows).fill(1 / rows)),
    ...(noise > 0 && { [names.noise]: floats([noise], randomGrid(random, noise, 0, 0.999)) }),
    ...(recompute && { [names.zero]: floats([1], new Float32Array(1)) }),
  };
  return {
    program,
    async at(values: Float32Array) {
      const feeds = { ...fixed, [names.trainable]: floats([values.length], values) };
      const { loss, gradient } = await runProgram(loaded.backend, program, feeds);
      return { loss: loss?.[0] ?? Number.NaN, gradient: gradient as Float32Array };
    },
  };
}

export const someValues = (size: number): Float32Array =>
  Float32Array.from(randomGrid(randomSource(7), size, -0.2, 0.2));
