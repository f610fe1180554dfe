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
});

export interface GradientCase {
  readonly batch: number;
  readonly tokens: number;
  /** P. */
  readonly prefix: number;
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
  readonly golden: {
    readonly loss: number;
    /** [batch, tokens, vocabulary] */
    readonly logits: Float32Array;
    /** Per layer key and value, [kvHeads, P, headDim]. */
    readonly prefix: readonly Float32Array[];
    readonly gradients: readonly { readonly name: string; readonly values: Float32Array }[];
  };
}

/** @throws DataError or AdapterError that says what is wrong with the files */
export function parseCase({ description, golden }: CaseFiles): GradientCase {
  const it = parseDescription(description);
  const { tensors } = readSafeTensors(golden, CASE_FILES.golden);
  const read = (name: string, elements: number): Float32Array => {
    const tensor = tensors.get(name);
    if (!tensor) throw new DataError(`${CASE_FILES.golden} holds no tensor ${name}.`, { field: name });
    const values = toFloat32(tensor, CASE_FILES.golden);
    if (values.length !== elements) {
      throw new DataError(`${name} holds ${values.length} numbers, not ${elements}.`, { field: name });
    }
    return values;
  };
  const perTensor = it.kv_heads * it.P * it.head_dim;
  const names = Array.from({ length: it.layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat();
  const logits = tensors.get('logits');
  const vocabulary = logits?.dims.at(-1) ?? 0;
  const supervised = it.targets.flat().flatMap((label, row) => (label === NOT_SUPERVISED ? [] : [{ row, label }]));
  return {
    batch: it.batch,
    tokens: it.sequence,
    prefix: it.P,
    layers: it.layers,
    kvHeads: it.kv_heads,
    headDim: it.head_dim,
    lengths: it.lengths,
    ids: it.input_ids.flat(),
    rows: supervised.map(({ row }) => row),
    labels: supervised.map(({ label }) => label),
    golden: {
      loss: it.loss,
      logits: read('logits', it.batch * it.sequence * vocabulary),
      prefix: names.map((name) => read(`prefix.${name}`, perTensor)),
      gradients: names.map((name) => ({ name: `grad.${name}`, values: read(`grad.${name}`, perTensor) })),
    },
  };
}

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
