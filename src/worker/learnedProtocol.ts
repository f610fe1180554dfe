/**
 * What can be told of a learned adapter, as plain data: where the model looks, which layers matter, how large the numbers
 * are, which words are near. In a file of its own beside the protocol, whose `Engine` computes it.
 */

export type FigureName = 'attention' | 'ablation' | 'norms' | 'neighbours';

export interface AttentionRequest {
  /** One with virtual tokens. */
  readonly adapterId: string;
  readonly prompt: string;
  readonly format: 'text' | 'chat';
  /** What follows the prompt, as it was written or ought to be, with the space in front of it; may be empty. */
  readonly answer: string;
}

/** Where each head of a layer looks; of one head all shares together are 1. */
export interface AttentionShares {
  /** [heads][virtual tokens] */
  readonly virtual: readonly (readonly number[])[];
  /** [heads] */
  readonly prompt: readonly number[];
  /** [heads]; 0 for the prompt's last token, which comes before the answer. */
  readonly answer: readonly number[];
  /** [heads]; what some models let a head give to nothing at all. */
  readonly sink: readonly number[];
}

export interface LayerAttention {
  /** Of the prompt's last token, where the answer is about to begin. */
  readonly atPrompt: AttentionShares;
  /** Mean over the answer's tokens; null where there is no answer. */
  readonly atAnswer: AttentionShares | null;
}

export interface AttentionFigure {
  readonly virtualTokens: number;
  readonly promptTokens: number;
  readonly answerTokens: number;
  readonly layers: readonly LayerAttention[];
}

export interface Measured {
  /** Nats. */
  readonly loss: number;
  /** 0..1; null where the task has no labels. */
  readonly accuracy: number | null;
}

/** The adapter without its part in one layer. */
export interface LayerAblation extends Measured {
  readonly layer: number;
}

export type AblationEvent =
  /** What a layer is compared to. */
  | {
      readonly type: 'begun';
      readonly layers: number;
      /** Held-out rows that all is measured on. */
      readonly rows: number;
      /** The model alone. */
      readonly alone: Measured;
      /** With the adapter in all layers. */
      readonly whole: Measured;
    }
  | { readonly type: 'layer'; readonly result: LayerAblation };

export interface AblationFigure {
  readonly rows: number;
  readonly alone: Measured;
  readonly whole: Measured;
  /** Fewer than the model has where it was stopped. */
  readonly layers: readonly LayerAblation[];
  readonly stopped: boolean;
}

/** Root mean squares. */
export interface KeyValueNorms {
  readonly keys: number;
  readonly values: number;
}

export type NormsFigure =
  | {
      readonly method: 'prefix';
      readonly layers: readonly { readonly prefix: KeyValueNorms; readonly text: KeyValueNorms }[];
      /** Whose keys and values the prefix is compared to: the dataset's first rows, or a text of ours. */
      readonly comparedTo: 'dataset' | 'sample';
    }
  | {
      readonly method: 'prompt';
      /** Length of each virtual token's embedding. */
      readonly tokens: readonly number[];
      /** Mean length of the embeddings of the model's own tokens. */
      readonly vocabulary: number;
    }
  | {
      readonly method: 'lora';
      /** ‖alpha / rank · B A‖, Frobenius. */
      readonly modules: readonly { readonly path: string; readonly layer: number; readonly norm: number }[];
    };

export interface Neighbour {
  readonly id: number;
  readonly text: string;
  /** −1..1 */
  readonly cosine: number;
}

export interface NeighboursFigure {
  /** Per virtual token the nearest tokens of the vocabulary, nearest first. */
  readonly tokens: readonly (readonly Neighbour[])[];
}

/** The part of the engine that answers "What did it learn?". */
export interface LearnedEngine {
  /** @throws AdapterError for one without virtual tokens, DataError for a text that is too long */
  attention(request: AttentionRequest): Promise<AttentionFigure>;
  /** Measures the adapter with each layer's part switched off in turn, on held-out rows; `stopAblating` ends it early. */
  ablate(adapterId: string, onEvent: (event: AblationEvent) => void): Promise<AblationFigure>;
  stopAblating(): Promise<void>;
  norms(adapterId: string): Promise<NormsFigure>;
  /** @throws AdapterError for one that is not made of embeddings */
  neighbours(adapterId: string): Promise<NeighboursFigure>;
}
