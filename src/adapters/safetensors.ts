/**
 * The safetensors format, read with every check of its specification and written byte for byte as the Rust library that
 * Python uses writes it: u64 length, JSON header padded with spaces to 8 bytes, tensors in the order of their names.
 * It knows tensors, not adapters.
 */
import { z } from 'zod/mini';
import { AdapterError } from '../errors';
import { bfloat16ToFloat32, float16ToFloat32 } from '../onnx';

export interface SafeTensor {
  readonly name: string;
  /** As the file says it: `F32`, `BF16`, … */
  readonly dtype: string;
  readonly dims: readonly number[];
  /** Little-endian values, a view into the file. */
  readonly bytes: Uint8Array;
}

export interface SafeTensorsFile {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const prefixBytes = 8;
/** The limit of the Rust library. */
const maxHeaderBytes = 100_000_000;
const bitsPerValue: Readonly<Record<string, number>> = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  F64: 64,
  I64: 64,
  U64: 64,
};

const size = z.int().check(z.nonnegative());
const Entry = z.strictObject({ dtype: z.string(), shape: z.array(size), data_offsets: z.tuple([size, size]) });
const Metadata = z.record(z.string(), z.string());

/** @throws AdapterError with the offset, or the tensor, that is wrong */
export function readSafeTensors(bytes: Uint8Array, file = 'adapter_model.safetensors'): SafeTensorsFile {
  const bad = (message: string, where: { offset?: number; field?: string } = {}) =>
    new AdapterError(
      `${file} ${message}.`,
      { file, ...where },
      'The file is damaged or incomplete: export or download it again.',
    );

  if (bytes.byteLength < prefixBytes) throw bad('is too short for a safetensors file', { offset: bytes.byteLength });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > Math.min(maxHeaderBytes, bytes.byteLength - prefixBytes)) {
    throw bad(`is not a safetensors file, or is cut off: its header would take ${headerBytes} bytes`, { offset: 0 });
  }
  const header = parseHeader(bytes.subarray(prefixBytes, prefixBytes + headerBytes));
  if (header === null) throw bad('has a header that is not a JSON object', { offset: prefixBytes });

  const data = bytes.subarray(prefixBytes + headerBytes);
  const tensors = new Map<string, SafeTensor>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      const parsed = z.safeParse(Metadata, value);
      if (!parsed.success) throw bad('has metadata that is not text', { field: name });
      metadata = parsed.data;
      continue;
    }
    const parsed = z.safeParse(Entry, value);
    if (!parsed.success) throw bad(`describes the tensor "${name}" in a way that makes no sense`, { field: name });
    const {
      dtype,
      shape,
      data_offsets: [begin, end],
    } = parsed.data;
    const bits = Object.hasOwn(bitsPerValue, dtype) ? bitsPerValue[dtype] : undefined;
    if (bits === undefined)
      throw bad(`holds the tensor "${name}" as ${dtype}, which is not a known type`, { field: name });
    const expected = (shape.reduce((product, dim) => product * dim, 1) * bits) / 8;
    if (end - begin !== expected) {
      throw bad(`says the tensor "${name}" takes ${end - begin} bytes, but its shape needs ${expected}`, {
        field: name,
      });
    }
    if (end > data.byteLength)
      throw bad(`ends before the tensor "${name}" does`, { offset: bytes.byteLength, field: name });
    tensors.set(name, { name, dtype, dims: shape, bytes: data.subarray(begin, end) });
  }

  // The specification allows neither gaps nor overlaps.
  let at = data.byteOffset;
  for (const tensor of [...tensors.values()].sort(
    (a, b) => a.bytes.byteOffset - b.bytes.byteOffset || a.bytes.byteLength - b.bytes.byteLength,
  )) {
    if (tensor.bytes.byteOffset !== at) {
      throw bad(`has ${tensor.bytes.byteOffset < at ? 'an overlap' : 'a gap'} before the tensor "${tensor.name}"`, {
        field: tensor.name,
      });
    }
    at += tensor.bytes.byteLength;
  }
  if (at !== data.byteOffset + data.byteLength)
    throw bad('goes on after its last tensor', { offset: at - bytes.byteOffset });
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!text.startsWith('{')) return null;
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The values as float32. @throws AdapterError for types that are not F32, F16 or BF16 */
export function toFloat32(tensor: SafeTensor, file = 'adapter_model.safetensors'): Float32Array {
  // `slice()` of a Node Buffer would share the whole file's memory.
  const { buffer } = new Uint8Array(tensor.bytes);
  switch (tensor.dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F16':
      return float16ToFloat32(new Uint16Array(buffer));
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(buffer));
    default:
      throw new AdapterError(
        `${file} holds "${tensor.name}" as ${tensor.dtype}, not as floating-point numbers.`,
        { file, field: tensor.name },
        'Save the adapter in float32, float16 or bfloat16.',
      );
  }
}

export interface FloatTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/** A file of F32 tensors. */
export function writeSafeTensors(
  tensors: readonly FloatTensor[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].sort((a, b) => compareBytes(a.name, b.name));
  let end = 0;
  const entries = sorted.map(({ name, dims, values }): [string, unknown] => {
    const begin = end;
    end += values.byteLength;
    return [name, { dtype: 'F32', shape: dims, data_offsets: [begin, end] }];
  });
  // Written by hand: an object would put names like "0" first.
  const members = [['__metadata__', metadata] as const, ...entries].map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
  );
  const header = new TextEncoder().encode(`{${members.join()}}`);
  const headerBytes = Math.ceil(header.byteLength / 8) * 8;
  const out = new Uint8Array(prefixBytes + headerBytes + end);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(headerBytes), true);
  out.fill(0x20, prefixBytes, prefixBytes + headerBytes);
  out.set(header, prefixBytes);
  let at = prefixBytes + headerBytes;
  for (const { values } of sorted) {
    for (let i = 0; i < values.length; i++) view.setFloat32(at + 4 * i, values[i] ?? 0, true);
    at += values.byteLength;
  }
  return out;
}

/** Rust sorts names by their UTF-8 bytes, which is the order of code points and not always that of UTF-16. */
function compareBytes(a: string, b: string): number {
  const encoder = new TextEncoder();
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
