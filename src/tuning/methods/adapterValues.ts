/**
 * What a run leaves behind, and a file brings: an adapter's numbers in our layout. The methods make them, `adapters/`
 * writes and reads them as PEFT's files, inference uses them.
 */

export interface PrefixGeometry {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Prefix-tuning (Li & Liang 2021): keys and values in front of every layer's own. */
export interface PrefixValues {
  readonly method: 'prefix';
  readonly geometry: PrefixGeometry;
  /** Virtual tokens P. */
  readonly length: number;
  /** `[layers, 2, kvHeads, P, headDim]` */
  readonly values: Float32Array;
}

/** Prompt tuning (Lester et al. 2021) and P-tuning (Liu et al. 2021): embeddings in front of the text's. */
export interface PromptValues {
  readonly method: 'prompt';
  /** Virtual tokens P. */
  readonly length: number;
  /** Width of the embeddings. */
  readonly hidden: number;
  /** `[P, hidden]` */
  readonly values: Float32Array;
}

/** A linear layer of the model that has its own low-rank update. */
export interface LoraModule {
  /** The module's path in the PyTorch model, as PEFT names it: `model.layers.0.self_attn.q_proj`. */
  readonly path: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** LoRA (Hu et al. 2021): y = W x + alpha / rank · B A x. */
export interface LoraValues {
  readonly method: 'lora';
  readonly rank: number;
  readonly alpha: number;
  readonly modules: readonly LoraModule[];
  /** For each module in turn A `[rank, inFeatures]`, then B `[outFeatures, rank]`. */
  readonly values: Float32Array;
}

export type AdapterValues = PrefixValues | PromptValues | LoraValues;
