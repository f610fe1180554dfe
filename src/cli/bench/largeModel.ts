/**
 * A model of hundreds of megabytes that exists only where it is read: one of the decoders of the tests, with weights added
 * to its graph that no node uses. The reader and the store treat them as any other.
 */

interface Weight {
  readonly name: string;
  readonly bytes: number;
}

export interface LargeFile {
  readonly bytes: number;
  /** The bytes from one offset to another, in pieces. */
  read(from: number, to: number): Generator<Uint8Array>;
}

/** Bytes that are there, or so many that are made up. */
type Segment = Uint8Array | number;

const PIECE_BYTES = 2 ** 18;
/** Wire type of strings and messages. */
const LENGTH_DELIMITED = 2;
/** Of ModelProto, GraphProto and TensorProto. */
const [GRAPH, INITIALIZER, NAME, RAW_DATA] = [7, 5, 8, 9];
const UINT8 = 2;

/** @param decoder a whole ONNX file */
export function largeModel(decoder: Uint8Array, weights: readonly Weight[]): LargeFile {
  const graph = findField(decoder, GRAPH);
  const added = weights.flatMap(({ name, bytes }): Segment[] => {
    const tensor = [
      ...[1 * 8, ...varint(bytes)],
      ...[2 * 8, UINT8],
      ...[NAME * 8 + LENGTH_DELIMITED, ...varint(name.length), ...new TextEncoder().encode(name)],
      ...[RAW_DATA * 8 + LENGTH_DELIMITED, ...varint(bytes)],
    ];
    return [Uint8Array.of(INITIALIZER * 8 + LENGTH_DELIMITED, ...varint(tensor.length + bytes), ...tensor), bytes];
  });
  const length = graph.end - graph.start + lengthOf(added);
  return fileOf([
    decoder.subarray(0, graph.tag),
    Uint8Array.of(GRAPH * 8 + LENGTH_DELIMITED, ...varint(length)),
    decoder.subarray(graph.start, graph.end),
    ...added,
    decoder.subarray(graph.end),
  ]);
}

const sizeOf = (segment: Segment) => (typeof segment === 'number' ? segment : segment.length);
const lengthOf = (segments: readonly Segment[]) => segments.reduce<number>((sum, segment) => sum + sizeOf(segment), 0);

function fileOf(segments: readonly Segment[]): LargeFile {
  return {
    bytes: lengthOf(segments),
    *read(from, to) {
      let start = 0;
      for (const segment of segments) {
        const end = start + sizeOf(segment);
        for (let at = Math.max(from, start); at < Math.min(to, end); ) {
          const size = Math.min(PIECE_BYTES, Math.min(to, end) - at);
          yield typeof segment === 'number' ? noise(at, size) : segment.subarray(at - start, at - start + size);
          at += size;
        }
        start = end;
      }
    },
  };
}

/** Bytes that follow from where they stand, so that any range of the file is the same each time. */
function noise(at: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = Math.imul(at + i, 0x9e3779b1) >>> 24;
  return bytes;
}

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];

/** Where a length-delimited field of the outermost message stands. */
function findField(message: Uint8Array, wanted: number): { tag: number; start: number; end: number } {
  let at = 0;
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError(`The file has no field ${wanted}.`);
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  for (;;) {
    const tag = at;
    const key = number();
    const length = number();
    if (key % 8 !== LENGTH_DELIMITED) continue;
    if (Math.floor(key / 8) === wanted) return { tag, start: at, end: at + length };
    at += length;
  }
}
