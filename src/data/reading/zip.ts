/** The files in a zip, each unpacked as it is read, on zip.js. */
import { DataError } from '../../errors';
import { documentIn } from './bytes';
import { bombError, chunksOf, gathered, type Input, unpacked } from './input';

export interface ZipEntry {
  readonly path: string;
  /** Why it cannot be read; null where it can. */
  readonly leftOut: DataError | null;
  readonly input: Input;
}

/** @throws DataError where it is no zip, or a document that is packed like one */
export async function zipEntries(name: string, blob: Blob): Promise<ZipEntry[]> {
  const { BlobReader, configure, ZipReader } = await import('@zip.js/zip.js/lib/zip-core-native.js');
  // This is a worker already.
  configure({ useWebWorkers: false });
  const entries = await new ZipReader(new BlobReader(blob)).getEntries().catch((cause) => {
    throw new DataError(
      `${name} is a damaged zip file.`,
      { file: name },
      'Fetch it again, or unpack it yourself and drop what is inside.',
      { cause },
    );
  });
  const document = documentIn(entries.map(({ filename }) => filename));
  if (document?.type === 'other') throw new DataError(`${name} is ${document.what}.`, { file: name }, document.hint);
  return entries.flatMap((entry): ZipEntry[] => {
    if (entry.directory) return [];
    const { filename: path, uncompressedSize: size, compressedSize, encrypted } = entry;
    async function* open(count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      if (entry.directory) return;
      const writing = entry.getData(writable);
      // A failure reaches the reader through the stream; nobody else waits for it.
      writing.catch((cause) => writable.abort(cause).catch(() => {}));
      for await (const chunk of unpacked(path, chunksOf(readable), compressedSize)) {
        count(chunk.length);
        yield chunk;
      }
    }
    return [
      {
        path,
        leftOut: encrypted ? encryptedError(path) : bombError(path, compressedSize, size),
        input: { path, size, open, blob: () => gathered(open(() => {})) },
      },
    ];
  });
}

function encryptedError(path: string): DataError {
  return new DataError(`${path} is encrypted.`, { file: path }, 'Unpack it with its password and drop what is inside.');
}
