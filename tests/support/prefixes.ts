/** Plain prefix-tuning in one call each, for tests that are about something else. */
import {
  buildTrainingGraph,
  type CompileTarget,
  type Decoder,
  pastGraft,
  type TrainingShape,
} from '../../src/autodiff';
import type { DeviceAdapter, DevicePrefix } from '../../src/inference';
import type { LoadedDecoder, Program } from '../../src/runtime';
import { type Initialisation, prefixMethod, type Random } from '../../src/tuning';

export const plainPrefix = (loaded: LoadedDecoder, length: number, init: Initialisation) =>
  prefixMethod(loaded, { length, init, projection: null, frozenTokens: 0 });

/** Where a prefix starts from, [layers, 2, kvHeads, length, headDim]. */
export async function initialPrefix(
  loaded: LoadedDecoder,
  length: number,
  init: Initialisation,
  random: Random,
): Promise<Float32Array> {
  return (await plainPrefix(loaded, length, init).initial(loaded, random)).values;
}

export type PrefixTraining = TrainingShape & { readonly prefix: number };

export const prefixTrainingGraph = (decoder: Decoder, { prefix, ...shape }: PrefixTraining, target: CompileTarget) =>
  buildTrainingGraph(decoder, pastGraft(decoder, prefix), shape, target);

export const prefixTraining = (loaded: LoadedDecoder, { prefix, ...shape }: PrefixTraining): Promise<Program> =>
  loaded.training(pastGraft(loaded.decoder, prefix), shape);

export const asAdapter = (prefix: DevicePrefix | null): DeviceAdapter | null => prefix && { kind: 'prefix', prefix };
