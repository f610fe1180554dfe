/** One method's adapter in PEFT's two files: what every format says, so that export and import know none of them. */
import { z } from 'zod/mini';
import type { AdapterValues, LoraTarget, PrefixGeometry } from '../tuning';
import type { FloatTensor, SafeTensor } from './safetensors';

/** What an adapter must fit, and what PEFT wants to know of its model. */
export interface ModelGeometry extends PrefixGeometry {
  /** Width of the embeddings; null where the model looks its tokens up in a way that Prelude does not see through. */
  readonly hidden: number | null;
  /** Query heads. */
  readonly heads: number;
  /** What PyTorch multiplies embeddings by after the place where PEFT inserts a prompt; ours stand behind that. */
  readonly promptScale: number;
  readonly targets: readonly LoraTarget[];
}

const count = z.int().check(z.positive());
const optional = <T extends z.ZodMiniType>(type: T) => z.optional(z.nullable(type));
const numbers = optional(z.record(z.string(), z.number()));
/** null, false or an empty list say that it is off; anything else, that it is on. */
const anything = z.optional(z.unknown());

/** adapter_config.json, as far as anything depends on it. */
export const PeftConfig = z.object({
  peft_type: z.string(),
  task_type: optional(z.string()),
  base_model_name_or_path: optional(z.string()),
  num_layers: optional(count),
  num_attention_heads: optional(count),
  token_dim: optional(count),
  num_virtual_tokens: optional(count),
  num_transformer_submodules: optional(count),
  r: optional(count),
  lora_alpha: optional(z.number()),
  rank_pattern: numbers,
  alpha_pattern: numbers,
  use_rslora: optional(z.boolean()),
  init_lora_weights: optional(z.union([z.boolean(), z.string()])),
  use_dora: anything,
  use_qalora: anything,
  use_bdlora: anything,
  alora_invocation_tokens: anything,
  arrow_config: anything,
  kasa_config: anything,
  monteclora_config: anything,
  layer_replication: anything,
  lora_bias: anything,
  bias: optional(z.string()),
  modules_to_save: optional(z.array(z.string())),
});
export type PeftConfig = z.infer<typeof PeftConfig>;

export interface ReadContext {
  /** null for bare safetensors. */
  readonly config: PeftConfig | null;
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  /** What the safetensors file says beside its tensors. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Name of the safetensors file, for errors. */
  readonly file: string;
  readonly expected: ModelGeometry;
}

export interface AdapterFormat<A extends AdapterValues> {
  /** `peft_type`s that are read like this. */
  readonly types: readonly string[];
  /** Whether the tensors of a file without a config can only be this method's. */
  recognises(tensors: ReadonlyMap<string, SafeTensor>, expected: ModelGeometry): boolean;
  /** adapter_config.json: the keys, their order and their values as PEFT 0.21 writes them. */
  config(adapter: A, baseModel: string, model: ModelGeometry): Readonly<Record<string, unknown>>;
  tensors(adapter: A, model: ModelGeometry): readonly FloatTensor[];
  /** @throws AdapterError where it is damaged, or belongs to another model */
  read(context: ReadContext): A;
}
