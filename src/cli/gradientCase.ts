/**
 * One golden case as it lies in a folder (tests/fixtures/README.md): the files' bytes, parsed into what a training graph
 * is fed and what PyTorch says must come out. Reads; computes nothing.
 */
import { z } from 'zod/mini';
import { readSafeTensors, toFloat32 } from '../adapters';
import { DataError } from '../errors';

export interface CaseFiles {
  /** `model.onnx` */
  readonly model: Uint8Array;
  /** `case.json` */
  readonly description: string;
  /** `golden.safetensors` */
  readonly golden: Uint8Array;
}

export const CASE_FILES = { model: 'model.onnx', description: 'case.json', golden: 'golden.safetensors' } as const;

/** Marks a position without a label in `targets`. */
const NOT_SUPERVISED = -100;

const size = z.int().check(z.positive());
const table = z.array(z.array(z.int()));
const Description = z.object({
  batch: size,
  sequence: size,
  P: size,
  layers: size,
  kv_heads: size,
  head_dim: size,
  lengths: z.array(size),
  input_ids: table,
  targets: table,
  loss: z.number(),
  prompt_loss: z.optional(z.number()),
  lora_loss: z.optional(z.number()),
  lora: z.optional(z.object({ r: size, alpha: z.number() })),
});

export interface NamedValues {
  readonly name: string;
  readonly values: Float32Array;
}

/** What PyTorch says of one method's numbers. */
export interface Golden {
  readonly loss: number;
  /** [batch, tokens, vocabulary] */
  readonly logits: Float32Array;
  /** The trainable numbers, tensor by tensor. */
  readonly trainable: readonly NamedValues[];
  /** Their gradients, in the same order. */
  readonly gradient: readonly NamedValues[];
}

export interface LoraGolden extends Golden {
  readonly rank: number;
  readonly alpha: number;
}

export interface GradientCase {
  readonly batch: number;
  readonly tokens: number;
  /** Virtual tokens P of prefix and prompt. */
  readonly virtualTokens: number;
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Tokens of each row that are no padding. */
  readonly lengths: readonly number[];
  /** [batch · tokens] */
  readonly ids: readonly number[];
  /** Supervised rows, batch · tokens + t, and their labels. */
  readonly rows: readonly number[];
  readonly labels: readonly number[];
  /** Per layer key and value, [kvHeads, P, headDim]. */
  readonly prefix: Golden;
  /** Embeddings [P, hidden] in front of the text's; null where the case has none. */
  readonly prompt: Golden | null;
  /** Per layer, for q and v, A [rank, in] and B [out, rank]; null where the case has none. */
  readonly lora: LoraGolden | null;
}

/** What updates of the golden LoRA stand beside, in their order within a layer. */
export const GOLDEN_ROLES = ['q', 'v'] as const;

/** @throws DataError or AdapterError that says what is wrong with the files */
export function parseCase({ description, golden }: CaseFiles): GradientCase {
  const it = parseDescription(description);
  const { tensors } = readSafeTensors(golden, CASE_FILES.golden);
  const read = (name: string, elements?: number): NamedValues => {
    const tensor = tensors.get(name);
    if (!tensor) throw new DataError(`${CASE_FILES.golden} holds no tensor ${name}.`, { field: name });
    const values = toFloat32(tensor, CASE_FILES.golden);
    if (elements !== undefined && values.length !== elements) {
      throw new DataError(`${name} holds ${values.length} numbers, not ${elements}.`, { field: name });
    }
    return { name, values };
  };
  const vocabulary = tensors.get('logits')?.dims.at(-1) ?? 0;
  const logits = (name: string) => read(name, it.batch * it.sequence * vocabulary).values;
  /** Gradients are as large as what they are the gradients of. */
  const both = (names: readonly string[], gradients: readonly string[], elements?: number) => {
    const trainable = names.map((name) => read(name, elements));
    return { trainable, gradient: gradients.map((name, i) => read(name, trainable[i]?.values.length)) };
  };
  const layers = Array.from({ length: it.layers }, (_, layer) => layer);
  const pasts = layers.flatMap((layer) => [`${layer}.key`, `${layer}.value`]);
  const perTensor = it.kv_heads * it.P * it.head_dim;
  const updates = layers.flatMap((layer) =>
    GOLDEN_ROLES.flatMap((role) => ['A', 'B'].map((part) => `${layer}.${role}.${part}`)),
  );
  const supervised = it.targets.flat().flatMap((label, row) => (label === NOT_SUPERVISED ? [] : [{ row, label }]));
  return {
    batch: it.batch,
    tokens: it.sequence,
    virtualTokens: it.P,
    layers: it.layers,
    kvHeads: it.kv_heads,
    headDim: it.head_dim,
    lengths: it.lengths,
    ids: it.input_ids.flat(),
    rows: supervised.map(({ row }) => row),
    labels: supervised.map(({ label }) => label),
    prefix: {
      loss: it.loss,
      logits: logits('logits'),
      ...both(named('prefix', pasts), named('grad', pasts), perTensor),
    },
    prompt:
      it.prompt_loss === undefined
        ? null
        : { loss: it.prompt_loss, logits: logits('prompt_logits'), ...both(['prompt'], ['grad_prompt']) },
    lora:
      it.lora_loss === undefined || !it.lora
        ? null
        : {
            loss: it.lora_loss,
            logits: logits('lora_logits'),
            rank: it.lora.r,
            alpha: it.lora.alpha,
            ...both(named('lora', updates), named('grad_lora', updates)),
          },
  };
}

const named = (stem: string, names: readonly string[]): string[] => names.map((name) => `${stem}.${name}`);

function parseDescription(text: string): z.infer<typeof Description> {
  const where = { file: CASE_FILES.description };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${CASE_FILES.description} is not JSON.`, where, undefined, { cause });
  }
  const parsed = Description.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new DataError(`${CASE_FILES.description}: ${issue?.path.join('.')}: ${issue?.message}.`, where);
  }
  const { batch, sequence, lengths, input_ids, targets } = parsed.data;
  const fits = (rows: number[][]) => rows.length === batch && rows.every((row) => row.length === sequence);
  if (!fits(input_ids) || !fits(targets) || lengths.length !== batch) {
    throw new DataError(`${CASE_FILES.description}: input_ids, targets and lengths do not fit its batch.`, where);
  }
  return parsed.data;
}
