/**
 * The seam between methods and everything else: a method says what it grafts onto the graph, where its numbers start from,
 * and what of them is kept. Optimiser, trainer and pages know vectors of numbers only.
 */
import type { Graft } from '../../autodiff';
import type { LoadedDecoder } from '../../runtime';
import type { Random } from '../random';
import type { AdapterValues } from './adapterValues';

/** A graft's numbers on the host. */
export interface Trainables {
  /** [graft.size] */
  readonly values: Float32Array;
  /** [graft.frozen] */
  readonly frozen: Float32Array;
}

export const NOTHING_FROZEN = new Float32Array(0);

export interface Method {
  readonly graft: Graft;
  /** The adapter that it ends as, with zeros for numbers. */
  blank(): AdapterValues;
  initial(loaded: LoadedDecoder, random: Random): Promise<Trainables>;
  /** What is kept of trained numbers: the adapter that does the same to the model. */
  adapter(loaded: LoadedDecoder, trained: Trainables): Promise<AdapterValues>;
}
