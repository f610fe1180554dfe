/**
 * The files of a model on another server, read through the cache. Where each file lies is the source's to say (`hub.ts`,
 * `address.ts`); here are the transfer and the one fresh try of a small file.
 */
import { ModelError } from '../errors';
import type { ModelCache } from './cache/modelCache';
import { readThrough } from './cache/readThrough';
import { readText } from './chunks';
import type { ModelFileEntry, ModelFiles, TransferWatch } from './files';
import { ContentChanged, type RemoteFile } from './transfer/download';
import type { Network } from './transfer/network';

/** What all sources on the network share. */
export interface RemoteContext {
  readonly network: Network;
  readonly cache: () => Promise<ModelCache>;
  /** Called when a large file begins to be kept. */
  readonly onLarge: () => void;
}

interface RemoteModel {
  readonly name: string;
  readonly onnxPath: string;
  readonly entries: readonly ModelFileEntry[];
  /** null where the source has no such file. */
  readonly locate: (path: string) => Promise<RemoteFile | null>;
  /** Called where the size of a file showed at its end only. */
  readonly onComplete?: (file: RemoteFile, bytes: number) => void;
}

/** A part of an address as a person reads it; one that is not well escaped (`100%.onnx`) stays as it is. */
export function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const NOBODY: TransferWatch = { onCached: () => {}, onRetry: () => {} };

export async function remoteModelFiles(
  { name, onnxPath, entries, locate, onComplete }: RemoteModel,
  { network, cache, onLarge }: RemoteContext,
  signal: AbortSignal,
): Promise<ModelFiles> {
  const { blobs, locks } = await cache();
  const read = (file: RemoteFile, watch: TransferWatch = NOBODY) =>
    readThrough(file, { blobs, locks, onLarge }, { network, watch, signal }, (bytes) => onComplete?.(file, bytes));
  return {
    name,
    onnxPath,
    entries,
    async open(path, watch) {
      const file = await locate(path);
      if (file !== null) return { bytes: file.bytes, chunks: read(file, watch) };
      throw new ModelError(
        `${path} is missing: ${name} has no such file.`,
        { file: path },
        'Choose another model, or tell the one who published this one.',
      );
    },
    async text(path, watch) {
      const file = await locate(path);
      if (file === null) return null;
      try {
        return await readText(read(file, watch));
      } catch (error) {
        if (!(error instanceof ContentChanged)) throw error;
        const fresh = await locate(path);
        return fresh === null ? null : readText(read(fresh, watch));
      }
    },
  };
}
