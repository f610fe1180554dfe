/**
 * One protobuf varint, fed byte by byte, so that it may lie across chunks. Kept as two 32-bit halves: a bigint per value
 * would make large `int64_data` tensors slow.
 */

export type VarintState = 'more' | 'done' | 'overflow';

export class Varint {
  low = 0;
  high = 0;
  private shift = 0;

  /** A finished varint starts anew with the next byte. */
  push(byte: number): VarintState {
    const { shift } = this;
    if (shift === 0) {
      this.low = 0;
      this.high = 0;
    }
    const bits = byte & 0x7f;
    if (shift < 28) {
      this.low |= bits << shift;
    } else if (shift === 28) {
      this.low |= bits << 28;
      this.high = bits >> 4;
    } else {
      if (shift === 63 && byte > 1) return 'overflow';
      this.high |= bits << (shift - 32);
    }
    if (byte < 0x80) {
      this.shift = 0;
      return 'done';
    }
    this.shift = shift + 7;
    return 'more';
  }

  /** Between the bytes of a value. */
  get pending(): boolean {
    return this.shift > 0;
  }

  /** As a signed 64-bit integer, clamped to ±(2^53 − 1). */
  toNumber(): number {
    const value = this.high * 2 ** 32 + (this.low >>> 0);
    return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
  }
}
