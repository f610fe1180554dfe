/**
 * Protobuf messages into one growing buffer. It knows the wire format, not ONNX.
 */

import { BYTES, FIXED32, VARINT } from './wire';

const utf8 = new TextEncoder();

export class ProtoWriter {
  private buffer = new Uint8Array(1 << 16);
  private length = 0;

  int(field: number, value: number | bigint): void {
    this.varint(field * 8 + VARINT);
    this.varint(value);
  }

  float(field: number, value: number): void {
    this.varint(field * 8 + FIXED32);
    this.reserve(4);
    new DataView(this.buffer.buffer).setFloat32(this.length, value, true);
    this.length += 4;
  }

  text(field: number, value: string): void {
    // Most names are short ASCII: a call of the encoder would cost more than the copy.
    const start = this.length;
    this.varint(field * 8 + BYTES);
    this.varint(value.length);
    this.reserve(value.length);
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        this.length = start;
        this.bytes(field, utf8.encode(value));
        return;
      }
      this.buffer[this.length + i] = code;
    }
    this.length += value.length;
  }

  bytes(field: number, value: Uint8Array): void {
    this.varint(field * 8 + BYTES);
    this.varint(value.length);
    this.reserve(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }

  /** What `write` writes becomes a nested message. */
  message(field: number, write: () => void): void {
    this.varint(field * 8 + BYTES);
    const start = this.length;
    write();
    // The length stands before the message and is known after it: make room for it.
    const size = this.length - start;
    const room = varintSize(size);
    this.reserve(room);
    this.buffer.copyWithin(start + room, start, this.length);
    this.length = start;
    this.varint(size);
    this.length = start + room + size;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.buffer.slice(0, this.length);
  }

  private varint(value: number | bigint): void {
    this.reserve(10);
    if (typeof value === 'number' && value >= 0) {
      let rest = value;
      while (rest >= 0x80) {
        this.buffer[this.length++] = (rest % 0x80) | 0x80;
        rest = Math.floor(rest / 0x80);
      }
      this.buffer[this.length++] = rest;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      this.buffer[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.buffer[this.length++] = Number(rest);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.length + more, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}
