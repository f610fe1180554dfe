/**
 * The files of one model, wherever they lie: beside the page, dropped on it, or in a folder of the computer. This is the
 * seam and what all sources share; `fetched.ts` and `dropped.ts` implement it.
 */
import { ModelError } from '../errors';

export interface ModelFileEntry {
  /** Relative to the model's folder, with `/`. */
  readonly path: string;
  /** null where it is known only once the transfer has begun. */
  readonly bytes: number | null;
}

export interface OpenModelFile {
  readonly bytes: number | null;
  /** The content, in chunks of any size; can be read once. */
  readonly chunks: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
}

export interface ModelFiles {
  /** What to call the model: the folder's name, or the ONNX file's. */
  readonly name: string;
  /** The ONNX graph to load. */
  readonly onnxPath: string;
  /** What is known to belong to the model; external data may be missing here where the source cannot list. */
  readonly entries: readonly ModelFileEntry[];
  /** @throws ModelError where the file is not there */
  open(path: string): Promise<OpenModelFile>;
  /** A small text file; null where it is not there. */
  text(path: string): Promise<string | null>;
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

/** The file of an ONNX model's folder to load, or null where there is none that is a decoder. */
export function chooseOnnx(paths: readonly string[]): string | null {
  const base = (path: string) => path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const decoders = paths.filter((path) => /\.onnx$/i.test(path) && !notDecoder.test(base(path))).sort();
  for (const preference of preferences) {
    const found = decoders.find((path) => preference.test(base(path)));
    if (found !== undefined) return found;
  }
  return null;
}

/** The path of a data file that the ONNX graph names: it lies beside the graph. */
export function externalDataPath(onnxPath: string, location: string): string {
  return onnxPath.slice(0, onnxPath.lastIndexOf('/') + 1) + location;
}

/** `q4`, `q4f16`, `fp16` … from the file's name; `fp32` where it says nothing, as transformers.js names its files. */
export function dtypeOf(onnxPath: string): string {
  const name = onnxPath.slice(onnxPath.lastIndexOf('/') + 1).replace(/\.onnx$/i, '');
  const suffix = /[_.-](q4f16|q4|q8|bnb4|int4|int8|uint8|fp16|quantized)$/i.exec(name)?.[1]?.toLowerCase();
  return suffix === 'quantized' ? 'q8' : (suffix ?? 'fp32');
}

/** @throws ModelError where the file is not there */
export async function requiredText(files: ModelFiles, path: string): Promise<string> {
  const text = await files.text(path);
  if (text !== null) return text;
  throw new ModelError(
    `${path} is missing.`,
    { file: path },
    `A model needs its .onnx file, config.json and tokenizer.json; add ${path} from the same folder.`,
  );
}
