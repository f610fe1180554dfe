/**
 * A remote file, read front to back: chunks that the cache has come from there, what is missing comes from the network and
 * goes into the cache on its way. No byte is handed on twice, and the last ones only when the whole is what it should be.
 */
import { streamingHash } from '../digest';
import { ContentChanged, type DownloadOptions, download, type RemoteFile } from '../transfer/download';
import type { Blobs } from './blobs';
import { ChunkWriter } from './chunkWriter';
import type { Locks } from './locks';

export interface CacheAccess {
  readonly blobs: Blobs;
  readonly locks: Locks;
  /** Called when a large file begins to be kept. */
  readonly onLarge: () => void;
}

/** From here on, it is worth asking the browser not to clear the cache by itself. */
const LARGE_BYTES = 32 * 2 ** 20;

/** @throws ContentChanged where the bytes are not those that were promised; the cache has forgotten them then */
export async function* readThrough(
  file: RemoteFile,
  cache: CacheAccess,
  options: DownloadOptions,
  onComplete: (bytes: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  const release = file.blob === null ? null : await cache.locks.take(file.blob);
  // Where another tab writes this content already, it is read past the cache.
  const writer = file.blob === null || release === null ? null : new ChunkWriter(cache.blobs, file.blob, file.bytes);
  try {
    if (file.bytes === null) yield* unsized(file, writer, options, onComplete);
    else yield* sized({ ...file, bytes: file.bytes }, writer, cache, options);
  } catch (error) {
    // After the last write, or a chunk of what is worthless would be left.
    await writer?.settle();
    if (error instanceof ContentChanged && file.blob !== null) await cache.blobs.remove(file.blob).catch(() => {});
    throw error;
  } finally {
    await writer?.settle();
    release?.();
  }
}

/** A file whose size shows at its end only. Nothing of it can be taken from the cache before. */
async function* unsized(
  file: RemoteFile,
  writer: ChunkWriter | null,
  options: DownloadOptions,
  onComplete: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  options.watch.onCached(false);
  let bytes = 0;
  for await (const piece of download(file, 0, null, options)) {
    bytes += piece.length;
    await writer?.add(piece);
    yield piece;
  }
  if (await writer?.finish()) onComplete(bytes);
}

async function* sized(
  file: RemoteFile & { readonly bytes: number },
  writer: ChunkWriter | null,
  { blobs, onLarge }: CacheAccess,
  options: DownloadOptions,
): AsyncGenerator<Uint8Array> {
  const { blob, bytes } = file;
  const count = blobs.chunkCount(bytes);
  const present = blob === null ? new Map<number, string>() : await blobs.present(blob).catch(() => new Map());
  if (writer && bytes >= LARGE_BYTES && present.size < count) onLarge();
  const whole = present.size < count ? await Check.of(file) : null;

  for (let index = 0; index < count; ) {
    const sha256 = present.get(index);
    const stored = blob !== null && sha256 !== undefined ? await blobs.read(blob, index, sha256, bytes) : null;
    if (stored !== null) {
      options.watch.onCached(true);
      whole?.add(stored);
      yield stored;
      index++;
      continue;
    }
    options.watch.onCached(false);
    // A chunk that is there but bad is fetched alone; else all up to the next one that is there.
    let end = index + 1;
    while (sha256 === undefined && end < count && !present.has(end)) end++;
    const [from, to] = [index * blobs.chunkBytes, Math.min(end * blobs.chunkBytes, bytes)];
    const healed = sha256 === undefined ? null : await Check.against(file, sha256, to - from);
    writer?.startAt(index);
    for await (const piece of download(file, from, to, options)) {
      whole?.add(piece);
      healed?.add(piece);
      await writer?.add(piece);
      yield piece;
    }
    index = end;
  }
}

/** The hash of bytes that stream by. It fails with the last of them, before they are handed on. */
class Check {
  private left: number;

  private constructor(
    private readonly file: RemoteFile,
    private readonly hash: Awaited<ReturnType<typeof streamingHash>>,
    private readonly expected: string,
    bytes: number,
  ) {
    this.left = bytes;
  }

  /** Of the whole file, where its hash is known beforehand. */
  static async of(file: RemoteFile & { readonly bytes: number }): Promise<Check | null> {
    if (file.digest === null) return null;
    return new Check(file, await streamingHash(file.digest, file.bytes), file.digest.hex, file.bytes);
  }

  static async against(file: RemoteFile, sha256: string, bytes: number): Promise<Check> {
    const hash = await streamingHash({ algorithm: 'sha256', hex: sha256 }, bytes);
    return new Check(file, hash, sha256, bytes);
  }

  add(piece: Uint8Array): void {
    this.hash.update(piece);
    this.left -= piece.length;
    if (this.left > 0 || this.hash.digest() === this.expected) return;
    const { path } = this.file;
    throw new ContentChanged(
      `${path} did not arrive as it was published: its hash is another one.`,
      { file: path },
      'Try again later, or over another connection: something on the way, or on the server, changes the file.',
    );
  }
}
