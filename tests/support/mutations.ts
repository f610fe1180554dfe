/** Ways to damage a protobuf file, at random places or exactly at the fields and lengths that it is made of. */

import type { DescMessage } from '@bufbuild/protobuf';

/** A length-delimited field as it stands in the file: `[tag, length, body)`. */
interface Span {
  tag: number;
  length: number;
  body: number;
  end: number;
  parent: Span | undefined;
}

function readVarint(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  let next = at;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[next++] as number;
    value += (byte & 127) * scale;
    if (byte < 128) return [value, next];
  }
}

const varint = (value: number): Uint8Array =>
  value < 128 ? Uint8Array.of(value) : joined(Uint8Array.of((value % 128) | 128), varint(Math.floor(value / 128)));

/** All length-delimited fields of a sound file, those inside of others too. */
export function spansOf(bytes: Uint8Array, desc: DescMessage, parent?: Span): Span[] {
  const end = parent?.end ?? bytes.length;
  const spans: Span[] = [];
  let at = parent?.body ?? 0;
  while (at < end) {
    const [tag, length] = readVarint(bytes, at);
    const [size, body] = readVarint(bytes, length);
    if (tag % 8 === 2) {
      const span = { tag: at, length, body, end: body + size, parent };
      const field = desc.fields.find(({ number }) => number === tag >> 3);
      spans.push(span, ...(field?.message ? spansOf(bytes, field.message, span) : []));
    }
    at = { 0: body, 1: length + 8, 2: body + size, 5: length + 4 }[tag % 8] ?? end;
  }
  return spans;
}

const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

/** One damaged copy. `random` gives numbers in [0, 1). */
export function mutated(bytes: Uint8Array, spans: readonly Span[], random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  const span = spans[below(spans.length)] as Span;
  const other = spans[below(spans.length)] as Span;
  const cut = (from: number, to = bytes.length) => bytes.subarray(from, to);
  /** The file with `[from, to)` replaced. */
  const replaced = (from: number, to: number, ...parts: Uint8Array[]) => joined(cut(0, from), ...parts, cut(to));
  /** The same, with every length around it put right: the damage is to the meaning only. */
  const repaired = (around: Span | undefined, from: number, to: number, ...parts: Uint8Array[]): Uint8Array => {
    if (!around) return replaced(from, to, ...parts);
    const body = joined(cut(around.body, from), ...parts, cut(to, around.end));
    const head = joined(cut(around.tag, around.length), varint(body.length));
    return repaired(around.parent, around.tag, around.end, head, body);
  };
  const flipped = (from: number, to: number) => {
    const copy = bytes.slice();
    for (let flips = 1 + below(8); flips > 0; flips--) {
      const at = from + below(to - from);
      copy[at] = (copy[at] as number) ^ (1 << below(8));
    }
    return copy;
  };
  const ways: (() => Uint8Array)[] = [
    () => flipped(0, bytes.length),
    () => flipped(span.tag, span.body), // a tag or a length
    () => flipped(span.body, Math.max(span.end, span.body + 1)), // a content
    () => cut(0, below(bytes.length)),
    () => cut(0, span.end - below(Math.min(3, span.end))),
    // a splice: bytes of one place at another
    () => {
      const from = below(bytes.length);
      const to = below(bytes.length);
      const size = 1 + below(2000);
      return replaced(to, to + below(2) * size, cut(from, from + size));
    },
    () => replaced(span.tag, span.end, cut(other.tag, other.end)), // another field
    () => replaced(span.body, span.end, cut(other.body, other.end)), // another content under the same length
    // the length alone
    () => replaced(span.length, span.body, Uint8Array.of(below(128))),
    () =>
      replaced(
        span.length,
        span.body,
        Uint8Array.from({ length: 1 + below(11) }, () => 128 | below(128)),
        Uint8Array.of(1),
      ),
    // a field twice, not at all, with another content, or another field
    () => repaired(span.parent, span.end, span.end, cut(span.tag, span.end)),
    () => repaired(span.parent, span.tag, span.end),
    () => repaired(span, span.body, span.end, cut(other.body, other.end)),
    () => repaired(span.parent, span.tag, span.end, cut(other.tag, other.end)),
    // a range twice, or not at all
    () => replaced(span.end, span.end, cut(span.tag, span.end)),
    () => replaced(span.tag, span.end),
    () => {
      const from = below(bytes.length);
      const size = 1 + below(5000);
      return replaced(from, from, cut(from, from + size));
    },
  ];
  return (ways[below(ways.length)] as () => Uint8Array)();
}
