/**
 * The kinds of fields that the tables in `read*.ts` are made of: what is on the wire → a call with the value.
 */

import type { ByteSource } from './byteSource';
import type { Field, FieldRule, FieldTable } from './wire';
import { BYTES, FIXED32, scan, VARINT } from './wire';

/** A byte order mark is part of the text: names must come out as they went in. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function text(name: string, set: (value: string) => void): FieldRule {
  return { name, wires: [BYTES], read: async (source, field) => set(await readText(source, field)) };
}

export function texts(name: string, add: (value: string) => void): FieldRule {
  return { ...text(name, add), repeated: true };
}

/** int32, int64 and enum; values outside ±(2^53 − 1) are clamped to it. */
export function int(name: string, set: (value: number) => void): FieldRule {
  return { name, wires: [VARINT], read: async (source) => set(await source.varint()) };
}

/** Repeated integers, packed or one by one. */
export function ints(name: string, add: (value: number) => void): FieldRule {
  return {
    name,
    wires: [VARINT, BYTES],
    async read(source, field) {
      if (field.wire === VARINT) return add(await source.varint());
      while (source.position < field.end) add(await source.varint());
    },
  };
}

export function float(name: string, set: (value: number) => void): FieldRule {
  return { name, wires: [FIXED32], read: async (source) => set(await readFloat(source)) };
}

/** Repeated float32, packed or one by one. */
export function floats(name: string, add: (value: number) => void): FieldRule {
  return {
    name,
    wires: [FIXED32, BYTES],
    async read(source, field) {
      if (field.wire === FIXED32) return add(await readFloat(source));
      while (source.position < field.end) add(await readFloat(source));
    },
  };
}

/** A nested message; `read` makes its table, and is called again with the field when all of it has been read. */
export function message<T>(
  name: string,
  read: (source: ByteSource, field: Field) => Promise<T>,
  set: (value: T, field: Field) => void | Promise<void>,
): FieldRule {
  return { name, wires: [BYTES], read: async (source, field) => set(await read(source, field), field) };
}

export function messages<T>(
  name: string,
  read: (source: ByteSource, field: Field) => Promise<T>,
  add: (value: T, field: Field) => void | Promise<void>,
): FieldRule {
  return { ...message(name, read, add), repeated: true };
}

/** A field that Prelude cannot take; `why` is the message of the error. */
export function refused(name: string, why: string, hint: string): FieldRule {
  return {
    name,
    wires: [BYTES],
    read: async (source, field) => source.fail(why, hint, field.offset),
  };
}

/** key → value of a StringStringEntryProto */
export async function readEntry(source: ByteSource, field: Field): Promise<[key: string, value: string]> {
  const entry: [string, string] = ['', ''];
  const table: FieldTable = {
    1: text('key', (value) => {
      entry[0] = value;
    }),
    2: text('value', (value) => {
      entry[1] = value;
    }),
  };
  await scan(source, table, field);
  return entry;
}

async function readText(source: ByteSource, field: Field): Promise<string> {
  return utf8.decode(await source.take(field.end - source.position, true));
}

async function readFloat(source: ByteSource): Promise<number> {
  const bytes = await source.take(4, true);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
}
