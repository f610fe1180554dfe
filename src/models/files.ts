/**
 * The files of one model, wherever they lie: beside the page, on the hub, dropped on the page, or in a folder of the
 * computer. This is the seam and what all sources share; `fetched.ts`, `remote.ts` and `local.ts` implement it.
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

/** Told about a transfer while it runs. */
export interface TransferWatch {
  /** Where the bytes that follow come from. */
  onCached(cached: boolean): void;
  /** A connection was cut and is tried again; null once bytes flow. */
  onRetry(retry: Retry | null): void;
}

export interface Retry {
  /** From 1. */
  readonly attempt: number;
  readonly of: number;
  /** What happened, in a sentence. */
  readonly reason: string;
}

export interface ModelFiles {
  /** What to call the model: the folder's name, or the ONNX file's. */
  readonly name: string;
  /** The ONNX graph to load. */
  readonly onnxPath: string;
  /** What is known to belong to the model; external data may be missing here where the source cannot list. */
  readonly entries: readonly ModelFileEntry[];
  /** @throws ModelError where the file is not there */
  open(path: string, watch?: TransferWatch): Promise<OpenModelFile>;
  /** A small text file; null where it is not there. */
  text(path: string, watch?: TransferWatch): Promise<string | null>;
}

/** The path of a data file that the ONNX graph names: it lies beside the graph. */
export function externalDataPath(onnxPath: string, location: string): string {
  return onnxPath.slice(0, onnxPath.lastIndexOf('/') + 1) + location;
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
