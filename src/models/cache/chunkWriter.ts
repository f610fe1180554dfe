/**
 * Bytes that pass by → chunks of the cache. One chunk fills while the one before is hashed and written, so no more than two
 * are held. Writing never breaks loading: after the first failure (no room, most often) the rest passes by unkept.
 */
import { sha256Of } from '../digest';
import type { Blobs } from './blobs';

type Bytes = Uint8Array<ArrayBuffer>;

export class ChunkWriter {
  private filling: Bytes | null = null;
  private length = 0;
  private index = 0;
  private writing: Promise<void> = Promise.resolve();
  private failed = false;
  /** Of the chunk that was written last, to be filled again. */
  private spare: Bytes | null = null;

  /** @param bytes of the file, null where it is not known: its last chunk ends with `finish` */
  constructor(
    private readonly blobs: Blobs,
    private readonly blob: string,
    private readonly bytes: number | null,
  ) {}

  /** The bytes that are added next begin at this chunk. */
  startAt(index: number): void {
    this.index = index;
    this.length = 0;
  }

  async add(piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.length && !this.failed; ) {
      const size = this.sizeOf(this.index);
      this.filling ??= this.spare ?? new Uint8Array(Math.min(size, this.blobs.chunkBytes));
      this.spare = null;
      const part = piece.subarray(at, at + size - this.length);
      this.filling.set(part, this.length);
      this.length += part.length;
      at += part.length;
      if (this.length === size) await this.flush();
    }
  }

  /** Writes what is left, and waits until everything is written. @returns whether all of it was */
  async finish(): Promise<boolean> {
    if (this.length > 0 && this.bytes === null && !this.failed) await this.flush();
    await this.writing;
    return !this.failed;
  }

  /** Waits for what is being written; a chunk that is not full is let go. */
  async settle(): Promise<void> {
    await this.writing;
    this.filling = null;
  }

  private sizeOf(index: number): number {
    return this.bytes === null ? this.blobs.chunkBytes : this.blobs.sizeOf(index, this.bytes);
  }

  private async flush(): Promise<void> {
    const buffer = this.filling;
    if (buffer === null) return;
    const [chunk, index] = [buffer.subarray(0, this.length), this.index];
    this.filling = null;
    this.length = 0;
    this.index++;
    await this.writing;
    this.writing = this.write(index, chunk).then(() => {
      if (buffer.length === this.blobs.chunkBytes) this.spare = buffer;
    });
  }

  private async write(index: number, chunk: Bytes): Promise<void> {
    if (this.failed) return;
    try {
      await this.blobs.write(this.blob, index, await sha256Of(chunk), chunk);
    } catch {
      this.failed = true;
    }
  }
}
