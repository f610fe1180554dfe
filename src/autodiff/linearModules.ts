/** The linear layers of a decoder's graph, by what they do: where low-rank updates (LoRA, Hu et al. 2021) can be put. */

export type LinearRole = 'q' | 'k' | 'v' | 'o' | 'gate' | 'up' | 'down';

/** A linear layer y = W x (+ b) of the file, or a range of rows of a packed one. */
export interface LinearModule {
  readonly layer: number;
  /** What it computes; several where one matrix is packed of several. */
  readonly roles: readonly LinearRole[];
  /** The value of the file that is x, [..., inFeatures], before any quantisation of activations. */
  readonly input: string;
  /** The value of the file that is y, [..., features of the whole matrix], with or without the bias. */
  readonly output: string;
  readonly inFeatures: number;
  /** Rows of y that are this module's: from `firstRow` on, `outFeatures` of them. */
  readonly firstRow: number;
  readonly outFeatures: number;
  /** Rows of the whole matrix. */
  readonly rows: number;
}
