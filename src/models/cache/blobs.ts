/**
 * Contents of files in chunks, each an entry of its own: `blobs/<blob>/<index>-<SHA-256>`. The name says what the bytes must
 * be, so the list of names is all the bookkeeping there is: a crash cannot put it out of step, two tabs that write the same
 * chunk write the same entry, and a chunk that rots on the disk is found when it is read.
 */
import { sha256Of } from '../digest';
import type { BlobStore } from './blobStore';

const FOLDER = 'blobs';
const CHUNK_BYTES = 8 * 2 ** 20;

export class Blobs {
  constructor(
    private readonly store: BlobStore,
    readonly chunkBytes = CHUNK_BYTES,
  ) {}

  /** The SHA-256 of each chunk that is there, by index. */
  async present(blob: string): Promise<Map<number, string>> {
    const names = await this.store.names(`${FOLDER}/${blob}`);
    return new Map(
      names.flatMap((name) => {
        const match = /^(\d+)-([0-9a-f]{64})$/.exec(name);
        return match?.[1] && match[2] ? [[Number(match[1]), match[2]]] : [];
      }),
    );
  }

  /**
   * null where the chunk is gone, or is not what it was: then it is removed.
   * @param bytes of the whole file
   */
  async read(blob: string, index: number, sha256: string, bytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const [folder, name] = [`${FOLDER}/${blob}`, `${index}-${sha256}`];
    // A store that cannot be read is no reason not to fetch.
    const chunk = await this.store.read(folder, name).catch(() => null);
    if (chunk?.length === this.sizeOf(index, bytes) && (await sha256Of(chunk)) === sha256) return chunk;
    await this.store.remove(folder, name).catch(() => {});
    return null;
  }

  /** @throws where there is no room */
  write(blob: string, index: number, sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.store.write(`${FOLDER}/${blob}`, `${index}-${sha256}`, bytes);
  }

  all(): Promise<string[]> {
    return this.store.folders(FOLDER);
  }

  remove(blob: string): Promise<void> {
    return this.store.removeFolder(`${FOLDER}/${blob}`);
  }

  chunkCount(bytes: number): number {
    return Math.ceil(bytes / this.chunkBytes);
  }

  /** How many bytes of a file of this size are there. */
  storedBytes(present: ReadonlyMap<number, string>, bytes: number): number {
    let stored = 0;
    for (const index of present.keys()) stored += this.sizeOf(index, bytes);
    return stored;
  }

  sizeOf(index: number, bytes: number): number {
    return Math.max(0, Math.min(this.chunkBytes, bytes - index * this.chunkBytes));
  }
}
