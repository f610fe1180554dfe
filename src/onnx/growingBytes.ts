/**
 * A buffer for a length that a file claims. It never reserves much more than what has really arrived (a damaged length
 * must not cost gigabytes), yet takes the full length early, so that a large tensor is not held twice.
 */

const TRUSTED = 1 << 20;
/** The full length is reserved when an eighth of it is there: then at most 9/8 of it is held, and only for a moment. */
const GROWTH = 8;

export class GrowingBytes {
  private bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  /** `trusted`: `expected` is known to be true, e.g. bounded by the size of the file. */
  constructor(
    private readonly expected: number,
    trusted = false,
  ) {
    this.bytes = new Uint8Array(trusted ? expected : Math.min(expected, TRUSTED));
  }

  append(piece: Uint8Array): void {
    this.reserve(piece.length);
    this.bytes.set(piece, this.length);
    this.length += piece.length;
  }

  /** The `width` (1, 2, 4 or 8) low bytes of the 64-bit integer `high · 2^32 + low`, little-endian. */
  appendInteger(low: number, high: number, width: number): void {
    if (this.length + width > this.bytes.length) this.reserve(width);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = low;
    if (width > 1) bytes[at++] = low >> 8;
    if (width > 2) {
      bytes[at++] = low >> 16;
      bytes[at++] = low >> 24;
    }
    if (width > 4) {
      for (let shift = 0; shift < 32; shift += 8) bytes[at++] = high >> shift;
    }
    this.length = at;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.length === this.bytes.length ? this.bytes : this.bytes.slice(0, this.length);
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const capacity =
      needed > this.expected ? needed * 2 : Math.min(this.expected, Math.max(needed, this.length * GROWTH));
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
