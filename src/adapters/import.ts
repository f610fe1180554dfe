/**
 * A prefix-tuning adapter, from Prelude or from Python → our layout. Takes a zip, the files of the folder, or the bare
 * safetensors; says in plain words why an adapter does not fit the loaded model.
 */
import { unzipSync } from 'fflate';
import { z } from 'zod/mini';
import { AdapterError } from '../errors';
import type { PrefixGeometry, PrefixValues } from '../tuning';
import { files, tensorName } from './export';
import { fromPeftRows, rowLength } from './prefix';
import type { PreludeRecord } from './record';
import { readRecord } from './record';
import type { SafeTensor } from './safetensors';
import { readSafeTensors, toFloat32 } from './safetensors';

export interface AdapterFile {
  /** With folders or without. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ImportedAdapter {
  readonly adapter: PrefixValues;
  /** null for the bare safetensors. */
  readonly baseModel: string | null;
  /** null where the adapter does not come from Prelude. */
  readonly record: PreludeRecord | null;
}

/** Larger entries of a zip are not unpacked. */
const maxEntryBytes = 2 ** 30;

const count = z.int().check(z.positive());
const PeftConfig = z.object({
  peft_type: z.string(),
  task_type: z.optional(z.nullable(z.string())),
  base_model_name_or_path: z.optional(z.nullable(z.string())),
  num_layers: z.optional(z.nullable(count)),
  num_attention_heads: z.optional(z.nullable(count)),
  token_dim: z.optional(z.nullable(count)),
  num_virtual_tokens: z.optional(z.nullable(count)),
  num_transformer_submodules: z.optional(z.nullable(count)),
});
type PeftConfig = z.infer<typeof PeftConfig>;

const methods: Readonly<Record<string, string>> = {
  LORA: 'a LoRA adapter',
  PROMPT_TUNING: 'a prompt-tuning adapter',
  P_TUNING: 'a P-tuning adapter',
};

/**
 * @param expected geometry of the loaded model
 * @throws AdapterError where the files are no prefix-tuning adapter, are damaged, or belong to another model
 */
export function importAdapter(given: readonly AdapterFile[], expected: PrefixGeometry): ImportedAdapter {
  const unpacked = given.flatMap((file) => (isZip(file) ? unpack(file) : [file]));
  const config = readConfig(find(unpacked, files.config));
  const weights = find(unpacked, files.weights) ?? only(unpacked.filter(({ name }) => name.endsWith('.safetensors')));
  if (weights === null) throw noWeights(given, unpacked);
  const tensor = prefixTensor(weights);
  const length = tensor.dims[0] ?? 0;
  checkGeometry(config, tensor, weights.name, expected);
  const rows = toFloat32(tensor, weights.name);
  const bad = rows.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new AdapterError(
      `${weights.name} holds a number that is not finite, in virtual token ${Math.floor(bad / rowLength(expected)) + 1}.`,
      { file: weights.name, field: tensorName },
      'The training diverged; export an earlier prefix.',
    );
  }
  const record = find(unpacked, files.record);
  return {
    adapter: fromPeftRows(rows, expected, length),
    baseModel: config?.base_model_name_or_path ?? null,
    record: record === null ? null : readRecord(new TextDecoder().decode(record.bytes), record.name),
  };
}

function isZip({ name, bytes }: AdapterFile): boolean {
  return name.endsWith('.zip') || startsLikeZip(bytes);
}

function startsLikeZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

function unpack(zip: AdapterFile): AdapterFile[] {
  try {
    const wanted = /(^|\/)[^/]+\.(json|safetensors|bin)$/;
    const entries = unzipSync(zip.bytes, {
      filter: ({ name, originalSize }) =>
        wanted.test(name) && !name.startsWith('__MACOSX/') && originalSize <= maxEntryBytes,
    });
    return Object.entries(entries).map(([name, bytes]) => ({ name, bytes }));
  } catch (cause) {
    const what = startsLikeZip(zip.bytes) ? 'a damaged zip file' : 'no zip file';
    throw new AdapterError(`${zip.name} is ${what}.`, { file: zip.name }, 'Export or download it again.', { cause });
  }
}

/** The file of that name; the one nearest to the top where folders hold several. */
function find(available: readonly AdapterFile[], name: string): AdapterFile | null {
  const depth = (file: AdapterFile) => file.name.split('/').length;
  const found = available.filter((file) => file.name === name || file.name.endsWith(`/${name}`));
  return found.sort((a, b) => depth(a) - depth(b))[0] ?? null;
}

function only<T>(items: readonly T[]): T | null {
  return items.length === 1 ? (items[0] ?? null) : null;
}

function readConfig(file: AdapterFile | null): PeftConfig | null {
  if (file === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(file.bytes));
  } catch {
    value = null;
  }
  const parsed = z.safeParse(PeftConfig, value);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new AdapterError(
      `${file.name} is not the config of a PEFT adapter${field === '' ? '' : `: "${field}" makes no sense`}.`,
      { file: file.name, ...(field === '' ? {} : { field }) },
      'Choose the adapter_config.json that PEFT wrote.',
    );
  }
  const config = parsed.data;
  const where = { file: file.name, field: 'peft_type' };
  if (config.peft_type !== 'PREFIX_TUNING') {
    const method = methods[config.peft_type] ?? `an adapter of the type ${config.peft_type}`;
    throw new AdapterError(`This is ${method}, not a prefix.`, where, 'Choose a prefix-tuning adapter.');
  }
  if ((config.task_type ?? 'CAUSAL_LM') !== 'CAUSAL_LM' || (config.num_transformer_submodules ?? 1) !== 1) {
    throw new AdapterError(
      `This prefix is for the task ${config.task_type}, not for a model that continues text.`,
      { file: file.name, field: 'task_type' },
      'Choose an adapter of the task type CAUSAL_LM.',
    );
  }
  return config;
}

function prefixTensor(weights: AdapterFile): SafeTensor {
  const { tensors } = readSafeTensors(weights.bytes, weights.name);
  const tensor = tensors.get(tensorName);
  if (tensor === undefined || tensor.dims.length !== 2 || (tensor.dims[0] ?? 0) < 1) {
    const lora = [...tensors.keys()].some((name) => name.includes('.lora_'));
    const names = [...tensors.keys()].slice(0, 3).join(', ');
    throw new AdapterError(
      lora
        ? `${weights.name} is a LoRA adapter, not a prefix.`
        : `${weights.name} holds no prefix: a tensor "${tensorName}" of two dimensions is missing${names === '' ? '' : `, it has ${names}`}.`,
      { file: weights.name, field: tensorName },
      'Choose a prefix-tuning adapter.',
    );
  }
  return tensor;
}

function checkGeometry(config: PeftConfig | null, tensor: SafeTensor, file: string, expected: PrefixGeometry): void {
  const [length = 0, width = 0] = tensor.dims;
  const wants = `${expected.layers} layers with ${expected.kvHeads} key/value heads of ${expected.headDim}`;
  const of = config?.base_model_name_or_path ? ` (${config.base_model_name_or_path})` : '';
  const hint = 'Load the model that this adapter was made for.';
  const {
    num_layers: layers,
    num_attention_heads: heads,
    token_dim: tokenDim,
    num_virtual_tokens: tokens,
  } = config ?? {};
  if (tokens != null && tokens !== length) {
    throw new AdapterError(
      `${file} holds ${length} virtual tokens where its config says ${tokens}.`,
      { file, field: 'num_virtual_tokens' },
      'The files do not belong together: choose both from the same folder.',
    );
  }
  if (layers != null && heads != null && tokenDim != null) {
    const fits =
      layers === expected.layers && heads === expected.kvHeads && tokenDim === expected.kvHeads * expected.headDim;
    if (!fits) {
      throw new AdapterError(
        `This adapter is for another model${of}: ${layers} layers with ${heads} key/value heads of ${tokenDim / heads}. The loaded model has ${wants}.`,
        { file: files.config, field: 'num_layers' },
        hint,
      );
    }
  }
  if (width !== rowLength(expected)) {
    throw new AdapterError(
      `This adapter is for another model${of}: it has ${width} numbers for each virtual token, the loaded model needs ${rowLength(expected)} (${wants}).`,
      { file, field: tensorName },
      hint,
    );
  }
}

function noWeights(given: readonly AdapterFile[], available: readonly AdapterFile[]): AdapterError {
  if (available.some(({ name }) => name.endsWith('adapter_model.bin'))) {
    return new AdapterError(
      'adapter_model.bin is PyTorch’s own format, which only Python can read.',
      { file: 'adapter_model.bin' },
      'Load the adapter in Python and save it again: model.save_pretrained(folder, safe_serialization=True).',
    );
  }
  return new AdapterError(
    given.length === 0
      ? `${files.weights} is missing.`
      : `${files.weights} is missing from ${given.map(({ name }) => name).join(' and ')}.`,
    { file: files.weights },
    'Choose the zip that Prelude exported, or adapter_config.json and adapter_model.safetensors together.',
  );
}
