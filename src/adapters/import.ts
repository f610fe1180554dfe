/**
 * An adapter, from Prelude or from Python → our layout. Takes a zip, the files of the folder, or the bare safetensors; says
 * in plain words why an adapter does not fit the loaded model.
 */
import { unzipSync } from 'fflate';
import { z } from 'zod/mini';
import { AdapterError } from '../errors';
import type { AdapterValues } from '../tuning';
import { files } from './export';
import type { AdapterFormat, ModelGeometry } from './format';
import { PeftConfig } from './format';
import { formats } from './formats';
import type { PreludeRecord } from './record';
import { readRecord } from './record';
import type { SafeTensor } from './safetensors';
import { readSafeTensors } from './safetensors';

export interface AdapterFile {
  /** With folders or without. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ImportedAdapter {
  readonly adapter: AdapterValues;
  /** null for the bare safetensors. */
  readonly baseModel: string | null;
  /** null where the adapter does not come from Prelude. */
  readonly record: PreludeRecord | null;
}

/** Larger entries of a zip are left out; all that are unpacked may come to no more together. */
const maxUnpackedBytes = 2 ** 30;

/**
 * @param expected the loaded model
 * @throws AdapterError where the files are no adapter that Prelude knows, are damaged, or belong to another model
 */
export function importAdapter(given: readonly AdapterFile[], expected: ModelGeometry): ImportedAdapter {
  const unpacked = given.flatMap((file) => (isZip(file) ? unpack(file) : [file]));
  const config = readConfig(find(unpacked, files.config));
  const weights = find(unpacked, files.weights) ?? only(unpacked.filter(({ name }) => name.endsWith('.safetensors')));
  if (weights === null) throw noWeights(given, unpacked);
  const { tensors, metadata } = readSafeTensors(weights.bytes, weights.name);
  const format = config ? formatOfType(config.peft_type) : formatOfTensors(tensors, expected, weights.name);
  const adapter = format.read({ config, tensors, metadata, file: weights.name, expected });
  const record = find(unpacked, files.record);
  return {
    adapter,
    baseModel: config?.base_model_name_or_path ?? null,
    record: record === null ? null : readRecord(new TextDecoder().decode(record.bytes), record.name),
  };
}

/** @throws AdapterError for a method that Prelude does not know */
function formatOfType(type: string): AdapterFormat<AdapterValues> {
  const format = formats.find(({ types }) => types.includes(type));
  if (format) return format;
  throw new AdapterError(
    `This is an adapter of the type ${type}.`,
    { file: files.config, field: 'peft_type' },
    `Choose one of the types ${formats.flatMap(({ types }) => types).join(', ')}.`,
  );
}

/** A file without a config: its tensors tell, where the model has a place for them. */
function formatOfTensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  expected: ModelGeometry,
  file: string,
): AdapterFormat<AdapterValues> {
  const format = formats.find((candidate) => candidate.recognises(tensors, expected));
  if (format) return format;
  const tensor = [...tensors.values()][0];
  const has = tensor ? `it has ${tensor.name} [${tensor.dims.join(', ')}]` : 'it has no tensors';
  throw new AdapterError(
    `${file} holds no adapter that fits the loaded model: ${has}.`,
    { file },
    'Load the model it was made for, or choose adapter_config.json with it, which says what it is.',
  );
}

function isZip({ name, bytes }: AdapterFile): boolean {
  return name.endsWith('.zip') || startsLikeZip(bytes);
}

function startsLikeZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

function unpack(zip: AdapterFile): AdapterFile[] {
  let total = 0;
  try {
    const wanted = /(^|\/)[^/]+\.(json|safetensors|bin)$/;
    const entries = unzipSync(zip.bytes, {
      filter({ name, originalSize }) {
        if (!wanted.test(name) || name.startsWith('__MACOSX/') || originalSize > maxUnpackedBytes) return false;
        total += originalSize;
        if (total > maxUnpackedBytes) throw tooLarge(zip);
        return true;
      },
    });
    return Object.entries(entries).map(([name, bytes]) => ({ name, bytes }));
  } catch (cause) {
    if (cause instanceof AdapterError) throw cause;
    const what = startsLikeZip(zip.bytes) ? 'a damaged zip file' : 'no zip file';
    throw new AdapterError(`${zip.name} is ${what}.`, { file: zip.name }, 'Export or download it again.', { cause });
  }
}

const tooLarge = ({ name }: AdapterFile): AdapterError =>
  new AdapterError(
    `${name} unpacks to more than ${maxUnpackedBytes / 2 ** 30} GiB.`,
    { file: name },
    'Choose adapter_config.json and adapter_model.safetensors without the rest.',
  );

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
  if ((config.task_type ?? 'CAUSAL_LM') !== 'CAUSAL_LM' || (config.num_transformer_submodules ?? 1) !== 1) {
    throw new AdapterError(
      `This adapter is for the task ${config.task_type}, not for a model that continues text.`,
      { file: file.name, field: 'task_type' },
      'Choose an adapter of the task type CAUSAL_LM.',
    );
  }
  return config;
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
