/**
 * Bytes that arrive in chunks of any size, read in order. At most one chunk is held, and what is handed out is either
 * a view of it or a buffer of its own. It knows varints, but no messages: those are in `wire.ts`.
 */

import { ModelError } from '../errors';
import { GrowingBytes } from './growingBytes';
import { Varint } from './varint';

export type ByteChunks = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

const NONE = new Uint8Array(0);

export class ByteSource {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private chunk: Uint8Array = NONE;
  private at = 0;
  private started = 0;
  private ended = false;
  /** Chunks that were looked at before their turn. */
  private readonly ahead: Uint8Array[] = [];
  /** Where we are, for errors: a protobuf field path. */
  describe: () => string | undefined = () => undefined;

  /** `size` is the length of the whole file where it is known beforehand, else `Infinity`. */
  constructor(
    chunks: ByteChunks,
    readonly file: string | undefined,
    readonly size: number = Number.POSITIVE_INFINITY,
  ) {
    this.chunks = iterate(chunks);
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.started + this.at;
  }

  fail(message: string, hint?: string, offset: number = this.position): never {
    throw new ModelError(message, { file: this.file, offset, field: this.describe() }, hint);
  }

  /** The first `count` bytes, or all of a shorter file, without reading them. Only before anything is read. */
  async beginning(count: number): Promise<Uint8Array> {
    const out = new GrowingBytes(count);
    while (out.length < count) {
      const next = await this.fetch();
      if (!next) break;
      this.ahead.push(next);
      out.append(next.subarray(0, count - out.length));
    }
    return out.finish();
  }

  /** True once every byte has been read. Fetches a chunk where none is at hand. */
  async atEnd(): Promise<boolean> {
    while (this.at >= this.chunk.length) {
      this.started += this.chunk.length;
      this.chunk = NONE; // let go of it before the next one is made
      this.at = 0;
      const next = this.ahead.shift() ?? (await this.fetch());
      if (!next) return true;
      this.chunk = next;
    }
    return false;
  }

  /** At least one and at most `max` (≥ 1) bytes, as a view that is good until the next read. */
  async some(max: number): Promise<Uint8Array> {
    if (!this.has(1) && (await this.atEnd())) this.truncated();
    const from = this.at;
    this.at = Math.min(this.chunk.length, from + max);
    return this.chunk.subarray(from, this.at);
  }

  /** Whether the chunk at hand holds the next `count` bytes. */
  has(count: number): boolean {
    return this.chunk.length - this.at >= count;
  }

  /** Exactly `count` bytes; `borrow` allows a view of the chunk, good until the next read, where it holds them all. */
  async take(count: number, borrow = false): Promise<Uint8Array> {
    if (count === 0) return NONE;
    if (borrow && this.has(count)) return this.some(count);
    const remaining = this.size - this.position;
    if (count > remaining) this.truncated();
    const out = new GrowingBytes(count, Number.isFinite(remaining) || this.has(count));
    await this.takeInto(out, count);
    return out.finish();
  }

  async takeInto(out: GrowingBytes, count: number): Promise<void> {
    const end = out.length + count;
    while (out.length < end) out.append(await this.some(end - out.length));
  }

  async skip(count: number): Promise<void> {
    let left = count;
    while (left > 0) left -= (await this.some(left)).length;
  }

  /** An int64; values outside ±(2^53 − 1) are clamped to it. */
  async varint(): Promise<number> {
    const start = this.position;
    const varint = new Varint();
    for (;;) {
      if (!this.has(1) && (await this.atEnd())) this.truncated();
      while (this.at < this.chunk.length) {
        const state = varint.push(this.chunk[this.at++] as number);
        if (state === 'done') return varint.toNumber();
        if (state === 'overflow') this.fail('A number (varint) is longer than 64 bits.', DAMAGED, start);
      }
    }
  }

  /** Runs `read`, and ends the transfer whatever becomes of it. */
  async whileOpen<T>(read: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await read();
    } catch (error) {
      await this.close().catch(() => {}); // what went wrong first is what matters
      throw error;
    }
    await this.close();
    return result;
  }

  private async close(): Promise<void> {
    this.chunk = NONE;
    if (!this.ended) await this.chunks.return?.();
  }

  private async fetch(): Promise<Uint8Array | undefined> {
    if (this.ended) return undefined;
    const next = await this.chunks.next();
    if (!next.done) return new Uint8Array(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    this.ended = true;
    return undefined;
  }

  private truncated(): never {
    this.fail(`The file ends too early, after ${this.position} bytes.`, DAMAGED);
  }
}

/** The hint for a file whose bytes cannot be right. */
export const DAMAGED = 'The file is damaged or incomplete: download or export it again.';

/** Safari has no async iteration of a ReadableStream, so its reader is used everywhere. */
function iterate(chunks: ByteChunks): AsyncIterator<Uint8Array> {
  if (!('getReader' in chunks)) return chunks[Symbol.asyncIterator]();
  const reader = chunks.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done ? { done: true, value: undefined } : { done: false, value };
    },
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}
