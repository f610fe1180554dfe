/** Bytes of a file, piece by piece: as they lie on disk, or unpacked on the way. */
import { DataError } from '../../errors';

export interface Input {
  readonly path: string;
  /** Of what is counted while reading: bytes on disk for a plain or gzipped file, unpacked ones in a zip. */
  readonly size: number;
  /** From the beginning, as often as it is asked for. @param count told of each piece, how many bytes of `size` it was */
  open(count: (bytes: number) => void): AsyncIterable<Uint8Array>;
  /** All of it, for formats that are read here and there. */
  blob(): Promise<Blob>;
}

const pieceBytes = 2 ** 20;
/** Text hardly shrinks to less than a hundredth; what unpacks to more than this times its size was made to fill memory. */
const maxRatio = 200;
/** Below this it may. */
const harmlessBytes = 2 ** 27;

export const blobInput = (path: string, blob: Blob): Input => ({
  path,
  size: blob.size,
  open: (count) => pieces(blob, count),
  blob: async () => blob,
});

export const gzipInput = (path: string, blob: Blob): Input => ({
  path: path.replace(/\.gz$/i, ''),
  size: blob.size,
  open: (count) => gunzipped(path, blob, count),
  blob: async () => gathered(gunzipped(path, blob, () => {})),
});

/** By slices: a Blob's own stream hands out far smaller pieces. */
async function* pieces(blob: Blob, count: (bytes: number) => void): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < blob.size; at += pieceBytes) {
    const piece = new Uint8Array(await blob.slice(at, at + pieceBytes).arrayBuffer());
    count(piece.length);
    yield piece;
  }
}

async function* gunzipped(path: string, blob: Blob, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const source = pieces(blob, count);
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const bytes = packed.pipeThrough(new DecompressionStream('gzip'));
  yield* unpacked(path, chunksOf(bytes), blob.size);
}

export async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Also where nobody reads on: what packs it must not wait forever.
    await reader.cancel().catch(() => {});
  }
}

/** @throws DataError where the data is damaged, or grows beyond all reason */
export async function* unpacked(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  packedBytes: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      const bomb = bombError(path, packedBytes, bytes);
      if (bomb) throw bomb;
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(
      `${path} cannot be unpacked: it is damaged or cut off.`,
      { file: path, offset: bytes },
      'Fetch it again, or unpack it yourself and drop what is inside.',
      { cause },
    );
  }
}

/** null for what unpacks to a size that text may have. */
export function bombError(path: string, packedBytes: number, bytes: number): DataError | null {
  if (bytes <= harmlessBytes || bytes <= maxRatio * packedBytes) return null;
  return new DataError(
    `${path} unpacks to more than ${maxRatio} times its size.`,
    { file: path },
    'No dataset does. If this one is meant so, unpack it yourself and drop what is inside.',
  );
}

export async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of chunks) parts.push(new Uint8Array(chunk));
  return new Blob(parts);
}
