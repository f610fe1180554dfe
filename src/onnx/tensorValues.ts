/**
 * The values of a TensorProto that are not in `raw_data` but in one of its typed fields (`int32_data`, `float_data` …),
 * brought to the layout of `raw_data` while they arrive. It holds the finished bytes only, not the wire's.
 */

import type { ByteSource } from './byteSource';
import { DAMAGED } from './byteSource';
import { dataTypes } from './dataTypes';
import { GrowingBytes } from './growingBytes';
import type { DataType } from './ir';
import { Varint } from './varint';
import type { Field } from './wire';
import { BYTES, FIXED32, FIXED64, VARINT } from './wire';

/** What the ONNX specification lets each typed field hold, and how it is stored. */
const typedFields = {
  float_data: { wire: FIXED32, width: 4, holds: ['float32'] },
  int32_data: {
    wire: VARINT,
    width: 4,
    holds: ['int32', 'int16', 'int8', 'int4', 'uint16', 'uint8', 'uint4', 'bool', 'float16', 'bfloat16'],
  },
  int64_data: { wire: VARINT, width: 8, holds: ['int64'] },
  double_data: { wire: FIXED64, width: 8, holds: ['float64'] },
  uint64_data: { wire: VARINT, width: 8, holds: ['uint64', 'uint32'] },
} as const satisfies Record<string, { wire: number; width: number; holds: readonly DataType[] }>;

export type TypedField = keyof typeof typedFields;

export function wireOf(name: TypedField): number {
  return typedFields[name].wire;
}

/** Wire bytes between two checks of the length: a few bytes of varints can be many of values. */
const PIECE = 65536;

/** Bytes of one stored value in `raw_data`; a pair of 4-bit values is stored as one. */
function storedWidth(dataType: DataType): number {
  return Math.max(1, dataTypes[dataType].bits / 8);
}

export class TensorValues {
  private readonly bytes: GrowingBytes;
  private readonly width: number;

  /** `dataType` and `expected` (bytes) where the file has said them already; they usually come first. */
  constructor(
    readonly name: TypedField,
    dataType: DataType | undefined,
    private readonly expected: number,
  ) {
    this.bytes = new GrowingBytes(Number.isFinite(expected) ? expected : 0);
    this.width = dataType && this.holds(dataType) ? storedWidth(dataType) : typedFields[name].width;
  }

  holds(dataType: DataType): boolean {
    return (typedFields[this.name].holds as readonly DataType[]).includes(dataType);
  }

  /** One occurrence of the field: a packed run of values, or a single one. */
  async read(source: ByteSource, field: Field): Promise<void> {
    const { wire, width } = typedFields[this.name];
    if (wire === VARINT) return this.readVarints(source, field);
    const size = field.wire === BYTES ? field.end - source.position : width;
    if (size % width !== 0) source.fail(`${size} bytes are no whole number of ${width}-byte values.`, DAMAGED);
    let left = size;
    while (left > 0) {
      const piece = await source.some(left);
      this.bytes.append(piece);
      left -= piece.length;
      this.checkLength(source);
    }
  }

  /** The bytes in the layout of `raw_data`. */
  finish(dataType: DataType): Uint8Array<ArrayBuffer> {
    const bytes = this.bytes.finish();
    const width = storedWidth(dataType);
    if (width === this.width) return bytes;
    const narrow = new Uint8Array((bytes.length / this.width) * width);
    for (let from = 0, to = 0; from < bytes.length; from += this.width, to += width) {
      narrow.set(bytes.subarray(from, from + width), to);
    }
    return narrow;
  }

  private async readVarints(source: ByteSource, field: Field): Promise<void> {
    const varint = new Varint();
    const packed = field.wire === BYTES;
    do {
      const piece = await source.some(packed ? Math.min(PIECE, field.end - source.position) : 1);
      for (let i = 0; i < piece.length; i++) {
        const state = varint.push(piece[i] as number);
        if (state === 'done') this.bytes.appendInteger(varint.low, varint.high, this.width);
        else if (state === 'overflow') source.fail('A number (varint) is longer than 64 bits.', DAMAGED);
      }
      this.checkLength(source);
    } while (packed ? source.position < field.end : varint.pending);
    if (varint.pending) source.fail(`${this.name} ends in the middle of a number.`, DAMAGED);
  }

  private checkLength(source: ByteSource): void {
    if (this.bytes.length > this.expected) source.fail(`${this.name} holds more values than dims asks for.`, DAMAGED);
  }
}
