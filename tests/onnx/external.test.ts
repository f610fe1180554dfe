/** Weights in files of their own: one pass over each file, in whatever way the ranges lie. */

import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors';
import { type ReadOptions, readModel } from '../../src/onnx';
import { moveWeightsOut } from '../support/externalData';
import { chunked, fixtureBytes, seeded, type TensorInit, weightsBytes } from '../support/onnxFiles';

/** A uint8 weight at this range of `w.data`. */
function external(
  name: string,
  offset: number | string,
  length: number,
  more: Record<string, string> = {},
): TensorInit {
  const entries = { location: 'w.data', offset: String(offset), length: String(length), ...more };
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return { name, dims: [BigInt(length)], dataType: 2, dataLocation: 1, externalData };
}

const data = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7 + (i >> 8)) & 255);

async function readAll(model: Uint8Array, chunkSize: number, file = data) {
  const delivered: [string, Uint8Array][] = [];
  let opened = 0;
  const read = await readModel(chunked(model, chunkSize), {
    onTensor: ({ name, bytes }) => {
      delivered.push([name, bytes.slice()]);
    },
    external: () => {
      opened++;
      return chunked(file, chunkSize);
    },
  });
  return { model: read, delivered, opened };
}

describe.each([1, 100, 100_000])('in chunks of %i bytes', (chunkSize) => {
  it('a model whose weights were moved out is the same model', async () => {
    const bytes = fixtureBytes('llama_q4');
    const inside = await readAll(bytes, 100_000);
    const { model, files } = moveWeightsOut(bytes);
    const outside = new Map<string, Uint8Array>();
    const opened: string[] = [];
    const read = await readModel(chunked(model, chunkSize), {
      onTensor: ({ name, bytes: lent }) => {
        outside.set(name, lent.slice());
      },
      external: async (location) => {
        opened.push(location);
        return chunked(files.get(location) as Uint8Array, chunkSize);
      },
    });
    expect(opened.sort()).toEqual(['sub/w.data_1', 'w.data']);
    expect(read.graph.nodes).toEqual(inside.model.graph.nodes);
    expect(Object.fromEntries(read.graph.initializers)).toEqual(Object.fromEntries(inside.model.graph.initializers));
    expect(outside.size).toBe(inside.delivered.length);
    for (const [name, expected] of inside.delivered) {
      expect(Buffer.compare(outside.get(name) as Uint8Array, expected), name).toBe(0);
    }
  });

  it('ranges that are the same, inside of one another, overlapping, empty or far apart', async () => {
    const ranges = [
      [1000, 2000],
      [1000, 2000],
      [1500, 100],
      [2900, 500],
      [3300, 200],
      [3400, 0],
      [10, 20],
      [4999, 1],
      [2950, 10],
    ] as const;
    const model = weightsBytes(...ranges.map(([offset, length], i) => external(`w${i}`, offset, length)));
    const { delivered, opened } = await readAll(model, chunkSize);
    expect(opened).toBe(1);
    expect(delivered.map(([name]) => name)).toEqual(['w6', 'w0', 'w1', 'w2', 'w3', 'w8', 'w4', 'w5', 'w7']);
    for (const [name, bytes] of delivered) {
      const [offset, length] = ranges[Number(name.slice(1))] as readonly [number, number];
      expect(bytes, name).toEqual(data.subarray(offset, offset + length));
    }
  });
});

it('any ranges at all are delivered right', async () => {
  const random = seeded(3);
  for (let round = 0; round < 50; round++) {
    const ranges = Array.from({ length: 12 }, () => {
      const offset = Math.floor(random() * 4500);
      return { offset, length: Math.floor(random() ** 3 * (5000 - offset)) };
    });
    const model = weightsBytes(...ranges.map(({ offset, length }, i) => external(`${i}`, offset, length)));
    const { delivered } = await readAll(model, 1 + Math.floor(random() * 300));
    const right = delivered.every(([name, bytes]) => {
      const { offset = 0, length = 0 } = ranges[Number(name)] ?? {};
      return Buffer.compare(bytes, data.subarray(offset, offset + length)) === 0;
    });
    expect({ right, count: delivered.length }).toEqual({ right: true, count: 12 });
  }
});

it('small weights come to the graph, and length and offset may be missing', async () => {
  const tensor = external('w', 0, 3);
  const model = weightsBytes({ ...tensor, externalData: [{ key: 'location', value: 'w.data' }] });
  const read = await readAll(model, 100);
  expect(read.model.graph.initializers.get('w')?.bytes).toEqual(data.slice(0, 3));
});

it('an empty raw_data beside the reference is no second value', async () => {
  const read = await readAll(weightsBytes({ ...external('w', 5, 3), rawData: new Uint8Array(0) }), 100);
  expect(read.model.graph.initializers.get('w')?.bytes).toEqual(data.slice(5, 8));
});

describe('refused', () => {
  async function errorOf(tensor: TensorInit, options: ReadOptions = { external: () => chunked(data) }) {
    const error = await readModel(chunked(weightsBytes(tensor)), options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ModelError);
    return error as ModelError;
  }

  it('external data that nobody can open, by the name of the file', async () => {
    const error = await errorOf(external('w', 0, 4), {});
    expect(error.message).toMatch(/in another file, "w\.data"/);
    expect(error.hint).toMatch(/w\.data together with the model/);
  });

  it('a file that is too short, with its name and the tensor', async () => {
    const error = await errorOf(external('w', 4990, 20));
    expect(error.message).toMatch(/ends too early, after 5000 bytes/);
    expect(error.where).toEqual({ file: 'w.data', offset: 5000, field: 'tensor "w"' });
    expect((await errorOf(external('w', 2 ** 50, 20))).where.offset).toBe(5000);
  });

  it.each(['', '/etc/passwd', '../w.data', 'a/../../w', 'C:\\w', 'http://x/w'])('location "%s"', async (location) => {
    expect((await errorOf(external('w', 0, 4, { location }))).message).toMatch(/no file beside the model/);
  });

  it.each(['-1', '1.5', 'x', '', '99999999999999999999'])('offset "%s"', async (offset) => {
    expect((await errorOf(external('w', 0, 4, { offset }))).message).toMatch(/external_data offset/);
  });

  it('a length that is not that of the dims', async () => {
    expect((await errorOf(external('w', 0, 4, { length: '5' }))).message).toMatch(/5 bytes.*ask for 4/);
  });

  it('values inside and outside', async () => {
    expect((await errorOf({ ...external('w', 0, 1), rawData: new Uint8Array(1) })).message).toMatch(
      /inside and outside/,
    );
  });
});
