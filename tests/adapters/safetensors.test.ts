import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSafeTensors, toFloat32 } from '../../src/adapters';
import { writeSafeTensors } from '../../src/adapters/safetensors';
import { AdapterError } from '../../src/errors';

const fixture = (path: string) =>
  new Uint8Array(readFileSync(new URL(`../fixtures/llama_q4/${path}`, import.meta.url)));

/** A file with this header (padded to 8 bytes) and this many bytes of data. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const f32 = (begin: number, end: number) => ({ dtype: 'F32', shape: [(end - begin) / 4], data_offsets: [begin, end] });

describe('safetensors', () => {
  it.each([
    ['peft_prefix/adapter_model.safetensors', { format: 'pt' }],
    ['peft_prompt/adapter_model.safetensors', { format: 'pt' }],
    ['peft_lora/adapter_model.safetensors', { format: 'pt' }],
  ])('writes %s byte for byte as Python did', (path, metadata) => {
    const bytes = fixture(path);
    const file = readSafeTensors(bytes);
    expect(file.metadata).toEqual(metadata);
    const tensors = [...file.tensors.values()].map((tensor) => ({ ...tensor, values: toFloat32(tensor) }));
    const again = writeSafeTensors(tensors.reverse());
    expect(Buffer.compare(again, bytes)).toBe(0);
  });

  it('reads the tensors from a view that is not aligned', () => {
    const bytes = fixture('peft_prefix/adapter_model.safetensors');
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const values = (source: Uint8Array) =>
      [...readSafeTensors(source).tensors.values()].map((tensor) => toFloat32(tensor));
    expect(values(shifted.subarray(3))).toEqual(values(bytes));
  });

  it('reads F16 and BF16 as float32', () => {
    const bytes = fileOf(
      { h: { dtype: 'F16', shape: [2], data_offsets: [0, 4] }, b: { dtype: 'BF16', shape: [2], data_offsets: [4, 8] } },
      8,
    );
    new Uint16Array(bytes.buffer, bytes.length - 8).set([0x3c00, 0xc100, 0x3fc0, 0xc000]);
    const { tensors } = readSafeTensors(bytes);
    const read = (name: string) => [...toFloat32(tensors.get(name) ?? expect.fail(name))];
    expect(read('h')).toEqual([1, -2.5]);
    expect(read('b')).toEqual([1.5, -2]);
  });

  it('names the type of a tensor that holds no floating-point numbers', () => {
    const { tensors } = readSafeTensors(fileOf({ i: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, 8));
    expect(() => toFloat32(tensors.get('i') ?? expect.fail())).toThrow(/I64/);
  });

  it('sorts names by their bytes and keeps names that look like numbers in place', () => {
    const one = new Float32Array([1]);
    const bytes = writeSafeTensors(['b', '10', '2', 'a'].map((name) => ({ name, dims: [1], values: one })));
    const header = new TextDecoder().decode(bytes.subarray(8));
    const order = ['__metadata__', '10', '2', 'a', 'b'].map((name) => header.indexOf(`"${name}"`));
    expect(order).toEqual([...order].sort((x, y) => x - y));
    expect((bytes.length - 16) % 8).toBe(0);
  });

  it.each([
    ['an empty file', new Uint8Array(0), /too short/],
    ['a header longer than the file', fileOf({}, 0).fill(255, 0, 8), /not a safetensors file/],
    ['a header that is not JSON', fileOf('{"a": nothing}', 0), /not a JSON object/],
    ['a header that is a list', fileOf('[]', 0), /not a JSON object/],
    ['metadata that is not text', fileOf({ __metadata__: { format: 1 } }, 0), /metadata/],
    ['a tensor without offsets', fileOf({ a: { dtype: 'F32', shape: [1] } }, 4), /"a"/],
    ['a negative dimension', fileOf({ a: { dtype: 'F32', shape: [-1], data_offsets: [0, 4] } }, 4), /"a"/],
    ['an unknown type', fileOf({ a: { dtype: 'Q9', shape: [1], data_offsets: [0, 4] } }, 4), /Q9/],
    ['a shape that needs other bytes', fileOf({ a: { ...f32(0, 8), shape: [3] } }, 8), /needs 12/],
    ['data that is cut off', fileOf({ a: f32(0, 8) }, 4), /ends before/],
    ['data after the last tensor', fileOf({ a: f32(0, 4) }, 8), /goes on/],
    ['a gap', fileOf({ a: f32(0, 4), b: f32(8, 12) }, 12), /gap before the tensor "b"/],
    ['an overlap', fileOf({ a: f32(0, 8), b: f32(4, 12) }, 12), /overlap before the tensor "b"/],
  ])('rejects %s', (_, bytes, message) => {
    expect(() => readSafeTensors(bytes)).toThrow(AdapterError);
    expect(() => readSafeTensors(bytes)).toThrow(message);
  });

  it('gives an error or a file for every truncation and every flipped header byte', () => {
    const bytes = fixture('peft_prefix/adapter_model.safetensors');
    const outcomes = new Set<string>();
    const attempt = (candidate: Uint8Array) => {
      try {
        readSafeTensors(candidate);
        outcomes.add('read');
      } catch (error) {
        expect(error).toBeInstanceOf(AdapterError);
        outcomes.add('refused');
      }
    };
    for (let length = 0; length < bytes.length; length += 7) attempt(bytes.subarray(0, length));
    expect(outcomes).toEqual(new Set(['refused']));
    for (let at = 0; at < 128; at++) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 0x15;
      attempt(flipped);
    }
    expect(outcomes).toEqual(new Set(['refused', 'read']));
  });
});
