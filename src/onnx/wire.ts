/**
 * The protobuf wire format over a `ByteSource`: a message is scanned field by field against a table that names the
 * fields we read, and everything else is skipped. What the fields mean is said by the tables in `read*.ts`.
 * https://protobuf.dev/programming-guides/encoding/
 */

import type { ByteSource } from './byteSource';
import { DAMAGED } from './byteSource';

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

const wireNames = ['varint', 'fixed64', 'bytes', 'group start', 'group end', 'fixed32', 'type 6', 'type 7'];

/** One field of a message, as it stands in the file. */
export interface Field {
  readonly parent: Field | undefined;
  readonly name: string;
  /** Position among the repeated fields of this name; −1 where there can be one only. */
  readonly index: number;
  readonly wire: number;
  /** Offset of its tag. */
  readonly offset: number;
  /** Offset after its last byte (`BYTES` only, else its start). */
  readonly end: number;
}

export interface FieldRule {
  readonly name: string;
  readonly wires: readonly number[];
  readonly repeated?: boolean;
  /** Reads the whole field and nothing after it. */
  read(source: ByteSource, field: Field): Promise<void>;
}

/** By field number. */
export type FieldTable = Readonly<Record<number, FieldRule>>;

/** `graph.node[3].attribute[0].t` */
export function pathOf(field: Field | undefined): string | undefined {
  if (!field) return undefined;
  const own = field.index < 0 ? field.name : `${field.name}[${field.index}]`;
  return field.parent ? `${pathOf(field.parent)}.${own}` : own;
}

/** Reads the message in `parent`, or the whole file where there is none. */
export async function scan(source: ByteSource, table: FieldTable, parent?: Field): Promise<void> {
  const end = parent?.end ?? source.size;
  const counts = new Map<number, number>();
  while (source.position < end) {
    if (!parent && (await source.atEnd())) {
      if (end !== Number.POSITIVE_INFINITY)
        source.fail(`The file ends after ${source.position} of ${end} bytes.`, DAMAGED);
      return;
    }
    const offset = source.position;
    const tag = await source.varint();
    const number = Math.floor(tag / 8);
    const wire = ((tag % 8) + 8) % 8;
    if (number < 1 || number > 0x1fffffff) source.fail(`There is no field ${number} in protobuf.`, DAMAGED, offset);
    const rule = table[number];
    const count = counts.get(number) ?? 0;
    counts.set(number, count + 1);
    const name = rule?.name ?? `field ${number}`;
    const index = rule?.repeated ? count : -1;
    const start = { parent, name, index, wire, offset, end: source.position };
    source.describe = () => pathOf(start);
    if (rule && !rule.wires.includes(wire)) {
      source.fail(`${name} is stored as ${wireNames[wire]}, which it cannot be.`, DAMAGED, offset);
    }
    const field = wire === BYTES ? { ...start, end: await endOfBytes(source, end) } : start;
    if (rule) await rule.read(source, field);
    else await skip(source, field);
    source.describe = () => pathOf(parent);
    if (source.position > end || (wire === BYTES && source.position !== field.end)) {
      source.fail(`${pathOf(field)} is longer than the message it is in.`, DAMAGED);
    }
  }
}

async function endOfBytes(source: ByteSource, end: number): Promise<number> {
  const length = await source.varint();
  if (length < 0 || length > end - source.position) {
    const left = end - source.position;
    source.fail(
      length < 0
        ? 'Its length is negative.'
        : `The file is cut off or damaged: a part of it is ${length} bytes long, but only ${left} bytes are left.`,
      DAMAGED,
    );
  }
  return source.position + length;
}

async function skip(source: ByteSource, field: Field): Promise<void> {
  switch (field.wire) {
    case VARINT:
      await source.varint();
      return;
    case FIXED64:
      return source.skip(8);
    case BYTES:
      return source.skip(field.end - source.position);
    case FIXED32:
      return source.skip(4);
    default:
      source.fail(
        `${field.name} is stored as ${wireNames[field.wire]}, which ONNX does not use.`,
        DAMAGED,
        field.offset,
      );
  }
}
