/**
 * config.json of a Hugging Face model → the few numbers that the engine needs, with the names and defaults of
 * transformers. Shapes that matter for correctness are checked against the ONNX graph elsewhere; this says what to expect.
 */
import { z } from 'zod/mini';
import { ModelError } from '../errors';

export interface ModelConfig {
  /** e.g. `llama`. */
  readonly modelType: string;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly hidden: number;
  /**
   * What the model's forward pass multiplies `inputs_embeds` by (Granite). Others that scale do so where they look tokens
   * up, as Gemma does since transformers 5.
   */
  readonly embeddingMultiplier: number;
  readonly vocabSize: number;
  /** Positions the model was trained for: prefix and text together. */
  readonly contextLength: number;
  readonly bosTokenId: number | null;
  /** Any of these ends an answer; the first one that the files name comes first. May be empty. */
  readonly eosTokenIds: readonly number[];
}

const count = z.optional(z.nullable(z.int().check(z.positive(), z.lte(100_000_000))));
const tokenId = z.int().check(z.nonnegative());
const tokenIds = z.optional(z.nullable(z.union([tokenId, z.array(tokenId)])));

const Config = z.object({
  model_type: z.optional(z.string()),
  num_hidden_layers: count,
  n_layer: count,
  n_layers: count,
  num_layers: count,
  num_attention_heads: count,
  n_head: count,
  n_heads: count,
  num_heads: count,
  num_key_value_heads: count,
  multi_query: z.optional(z.boolean()),
  head_dim: count,
  hidden_size: count,
  n_embd: count,
  d_model: count,
  embedding_multiplier: z.optional(z.nullable(z.number().check(z.positive()))),
  vocab_size: count,
  max_position_embeddings: count,
  n_positions: count,
  n_ctx: count,
  max_seq_len: count,
  bos_token_id: tokenIds,
  eos_token_id: tokenIds,
});

const GenerationConfig = z.object({ eos_token_id: tokenIds });

/** Families whose config class fixes the head dimension where the file leaves it out. */
const defaultHeadDim: Readonly<Record<string, number>> = {
  gemma: 256,
  gemma2: 256,
  gemma3_text: 256,
  qwen3: 128,
};
/** What LlamaConfig assumes. */
const defaultContextLength = 2048;

/** @throws ModelError with the field that is missing or makes no sense */
export function parseModelConfig(configText: string, generationConfigText: string | null = null): ModelConfig {
  const document = parseJsonFile('config.json', configText);
  const config = check(Config, textPart(document), 'config.json');
  const generation =
    generationConfigText === null
      ? {}
      : check(
          GenerationConfig,
          parseJsonFile('generation_config.json', generationConfigText),
          'generation_config.json',
        );

  const modelType = config.model_type ?? 'unknown';
  const layers = need(
    config.num_hidden_layers ?? config.n_layer ?? config.n_layers ?? config.num_layers,
    'num_hidden_layers',
  );
  const heads = need(
    config.num_attention_heads ?? config.n_head ?? config.n_heads ?? config.num_heads,
    'num_attention_heads',
  );
  const hidden = need(config.hidden_size ?? config.n_embd ?? config.d_model, 'hidden_size');
  const kvHeads = config.num_key_value_heads ?? (config.multi_query ? 1 : heads);
  const headDim = config.head_dim ?? defaultHeadDim[modelType] ?? hidden / heads;
  if (!Number.isInteger(headDim)) {
    throw nonsense('num_attention_heads', `${hidden} hidden units cannot be shared by ${heads} heads`);
  }
  if (heads % kvHeads !== 0) {
    throw nonsense('num_key_value_heads', `${heads} heads cannot share ${kvHeads} key/value heads`);
  }
  return {
    modelType,
    layers,
    heads,
    kvHeads,
    headDim,
    hidden,
    embeddingMultiplier: config.embedding_multiplier ?? 1,
    vocabSize: need(config.vocab_size, 'vocab_size'),
    contextLength:
      config.max_position_embeddings ??
      config.n_positions ??
      config.n_ctx ??
      config.max_seq_len ??
      defaultContextLength,
    bosTokenId: list(config.bos_token_id)[0] ?? null,
    eosTokenIds: [...new Set([...list(config.eos_token_id), ...list(generation.eos_token_id)])],
  };
}

/** @throws ModelError where a file that should be JSON is not; a web page in its place means that the file is missing */
export function parseJsonFile(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const page = /^\s*</.test(text);
    throw new ModelError(
      page ? `${file} is missing: there is a web page in its place.` : `${file} is not valid JSON.`,
      { file },
      page ? 'Check the address of the model folder.' : 'The file is damaged or incomplete: download it again.',
      { cause },
    );
  }
}

/** The text model inside a multimodal config. */
function textPart(document: unknown): unknown {
  const wrapped = z.safeParse(z.object({ text_config: z.record(z.string(), z.unknown()) }), document);
  return wrapped.success ? { ...z.parse(z.looseObject({}), document), ...wrapped.data.text_config } : document;
}

function check<T extends z.ZodMiniType>(schema: T, value: unknown, file: string): z.output<T> {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw new ModelError(
    field === '' ? `${file} is not an object.` : `${file}: "${field}" makes no sense.`,
    { file, ...(field === '' ? {} : { field }) },
    'The file is damaged, or not the config of a language model.',
  );
}

function need(value: number | null | undefined, field: string): number {
  if (value !== null && value !== undefined) return value;
  throw new ModelError(
    `config.json does not say "${field}".`,
    { file: 'config.json', field },
    'Use the config.json that belongs to the ONNX file of a decoder language model.',
  );
}

function nonsense(field: string, why: string): ModelError {
  return new ModelError(
    `config.json makes no sense: ${why}.`,
    { file: 'config.json', field },
    'Use the config.json that belongs to the ONNX file.',
  );
}

function list(ids: number | number[] | null | undefined): number[] {
  if (ids === null || ids === undefined) return [];
  return Array.isArray(ids) ? ids : [ids];
}
