/** The ONNX graphs among a model's files, best first, and what each weighs with the data files that belong to it. */
import type { ModelVariant } from '../worker/protocol';
import type { ModelFileEntry } from './files';

/** A variant before it is held against a device. */
export type ModelGraph = Pick<ModelVariant, 'onnxPath' | 'dtype' | 'bytes'>;

/** What a source offers. */
export interface SourceListing {
  readonly name: string;
  readonly commit: string | null;
  /** Best first. */
  readonly graphs: readonly ModelGraph[];
}

/** Parts of a model that are no decoder by themselves, and decoders that cannot begin a text. */
const notDecoder = /encoder_model|with_past|embed|vision|audio/;

/** 4-bit first: it is the smallest, and what the engine is made for. The last one takes any. */
const preferences: readonly RegExp[] = [
  /(^|[_.-])q4(?!f16)/,
  /q4f16/,
  /int4|bnb4/,
  /quantized|q8|u?int8/,
  /fp16|float16/,
  /^/,
];

/** The graphs that can be decoders, best first. */
export function rankOnnx(paths: readonly string[]): string[] {
  const base = (path: string) => path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const rank = (path: string) => preferences.findIndex((preference) => preference.test(base(path)));
  return paths
    .filter((path) => /\.onnx$/i.test(path) && !notDecoder.test(base(path)))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

export function graphsOf(entries: readonly ModelFileEntry[]): ModelGraph[] {
  return rankOnnx(entries.map(({ path }) => path)).map((onnxPath) => {
    const parts = entries.filter(({ path }) => path === onnxPath || isDataOf(path, onnxPath));
    const known = parts.every(({ bytes }) => bytes !== null);
    const bytes = known ? parts.reduce((sum, part) => sum + (part.bytes ?? 0), 0) : null;
    return { onnxPath, dtype: dtypeOf(onnxPath), bytes };
  });
}

/** `q4`, `q4f16`, `fp16` … from the file's name; `fp32` where it says nothing, as transformers.js names its files. */
export function dtypeOf(onnxPath: string): string {
  const name = onnxPath.slice(onnxPath.lastIndexOf('/') + 1).replace(/\.onnx$/i, '');
  const suffix = /[_.-](q4f16|q4|q8|bnb4|int4|int8|uint8|fp16|quantized)$/i.exec(name)?.[1]?.toLowerCase();
  return suffix === 'quantized' ? 'q8' : (suffix ?? 'fp32');
}

/** `model.onnx_data`, `model.onnx_data_1` … or `model.onnx.data`, as exporters name the weights of `model.onnx`. */
function isDataOf(path: string, onnxPath: string): boolean {
  const rest = path.startsWith(onnxPath) ? path.slice(onnxPath.length) : '';
  return /^(_data(_\d+)?|\.data)$/.test(rest);
}

/** The model's JSON files, the graph and its data, but not the graphs of other precisions beside it. */
export function belongsTo(onnxPath: string, path: string): boolean {
  if (path === onnxPath || isDataOf(path, onnxPath)) return true;
  return /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|chat_template)\.(json|jinja)$/.test(
    path,
  );
}

/** The model's folder: where the nearest config.json lies, seen from the ONNX file upwards. With `/` at its end, or empty. */
export function rootOf(onnxPath: string, paths: ReadonlySet<string>): string {
  for (let folder = folderOf(onnxPath); ; folder = folderOf(folder.slice(0, -1))) {
    if (paths.has(`${folder}config.json`)) return folder;
    if (folder === '') return folderOf(onnxPath);
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}
