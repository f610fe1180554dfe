/** What the reader says when a file is no model, is damaged, or holds what Prelude cannot use. */

import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors';
import { type ReadOptions, readModel } from '../../src/onnx';
import { chunked, fixtureBytes, modelBytes, nodesBytes, valueInfo, weightsBytes } from '../support/onnxFiles';

async function errorOf(bytes: Uint8Array, options?: ReadOptions, chunkSize?: number): Promise<ModelError> {
  const result = await readModel(chunked(bytes, chunkSize), options).catch((error: unknown) => error);
  expect(result).toBeInstanceOf(ModelError);
  return result as ModelError;
}

const tag = (number: number, wire: number) => (number << 3) | wire;
const bytesField = (number: number, ...body: number[]) => [tag(number, 2), body.length, ...body];
const opset = bytesField(8, tag(2, 0), 21);
const graphFile = (...graph: number[]) => Uint8Array.of(8, 10, ...bytesField(7, ...graph), ...opset);
const ascii = (text: string) => new TextEncoder().encode(text);

describe('something else than a model', () => {
  const files: [string, Uint8Array, RegExp][] = [
    ['an empty file', new Uint8Array(0), /empty/],
    ['a 404 page', ascii('\n  <!DOCTYPE html>\n<html><body>Not found</body></html>'), /web page/],
    ['JSON', ascii('{"error":"Repository not found"}'), /JSON/],
    [
      'a Git LFS pointer',
      ascii('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'),
      /Git LFS/,
    ],
    ['a GGUF file', Uint8Array.of(...ascii('GGUF'), 3, 0, 0, 0), /GGUF/],
    ['a zip', Uint8Array.of(...ascii('PK'), 3, 4, 20, 0, 0, 0), /zip/],
    ['a text', ascii('Entry not found'), /text.*"Entry not found"/],
    ['three letters', ascii('404'), /text.*"404"/],
  ];
  it.each(files)('%s is called what it is', async (_, bytes, message) => {
    for (const size of [1, undefined]) {
      const error = await errorOf(bytes, { file: 'model.onnx' }, size);
      expect(error.message).toMatch(message);
      expect(error.where).toMatchObject({ file: 'model.onnx', offset: 0 });
      expect(error.hint).toMatch(/onnx/);
    }
  });
});

describe('damaged bytes', () => {
  it('a file that ends too early says where', async () => {
    const bytes = fixtureBytes('llama_q4').subarray(0, 50_000);
    const error = await errorOf(bytes, { file: 'model.onnx' }, 4096);
    expect(error.message).toMatch(/ends too early, after 50000 bytes/);
    expect(error.where).toMatchObject({ file: 'model.onnx', offset: 50_000, field: expect.stringMatching(/^graph\./) });
    expect(error.hint).toMatch(/download/);
  });

  it('a file shorter than the server said is found out at the first length', async () => {
    const bytes = fixtureBytes('llama_q4');
    const error = await errorOf(bytes, { byteLength: bytes.length - 1000 });
    expect(error.where).toMatchObject({ field: 'graph' });
    expect(error.message).toMatch(/only \d+ bytes are left/);
    const short = await errorOf(modelBytes({ name: 'g' }), { byteLength: 1000 });
    expect(short.message).toMatch(/ends after \d+ of 1000 bytes/);
  });

  it('a wrong wire type', async () => {
    const error = await errorOf(graphFile(...bytesField(1, tag(4, 0), 7)));
    expect(error.message).toMatch(/op_type is stored as varint/);
    expect(error.where).toMatchObject({ field: 'graph.node[0].op_type', offset: 6 });
  });

  it('a wire type that protobuf no longer has', async () => {
    const error = await errorOf(graphFile(tag(20, 3) | 0x80, 1));
    expect(error.message).toMatch(/group start/);
  });

  it('field number 0', async () => {
    expect((await errorOf(graphFile(0, 0))).where).toMatchObject({ field: 'graph', offset: 4 });
  });

  it.each([1, 100])('a varint of more than 64 bits, chunks of %i bytes', async (size) => {
    const tooLong = [tag(1, 0), ...new Array(10).fill(0xff), 1];
    const error = await errorOf(graphFile(...bytesField(5, ...tooLong)), {}, size);
    expect(error.message).toMatch(/64 bits/);
    expect(error.where).toMatchObject({ field: 'graph.initializer[0].dims', offset: 7 });
  });

  it('a length past the end of the message around it', async () => {
    const error = await errorOf(graphFile(...bytesField(1, tag(4, 2), 99, 65)));
    expect(error.message).toMatch(/99 bytes long, but only 1 bytes are left/);
    expect(error.where.field).toBe('graph.node[0].op_type');
  });

  it('a number that runs over the end of its message', async () => {
    const error = await errorOf(graphFile(...bytesField(5, ...bytesField(1, 0x80)), 1));
    expect(error.message).toMatch(/longer than the message/);
  });

  it('a packed run that ends in the middle of a number', async () => {
    const tensor = [tag(1, 0), 1, tag(2, 0), 6, ...bytesField(5, 0x80)];
    expect((await errorOf(graphFile(...bytesField(5, ...tensor)))).message).toMatch(/middle of a number/);
  });

  it('a run of floats that is no multiple of 4 bytes', async () => {
    const tensor = [tag(1, 0), 1, tag(2, 0), 1, ...bytesField(4, 0, 0, 0)];
    expect((await errorOf(graphFile(...bytesField(5, ...tensor)))).message).toMatch(/no whole number/);
  });

  it('a length of terabytes costs nothing, whether the size of the file is known or not', async () => {
    const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0x3f]; // 2^41
    const tensor = [tag(9, 2), ...huge, 1, 2, 3];
    const bytes = Uint8Array.of(8, 10, tag(7, 2), ...huge, tag(5, 2), ...huge.with(5, 0x1f), ...tensor.with(6, 0x0f));
    const before = process.memoryUsage().arrayBuffers;
    expect((await errorOf(bytes)).message).toMatch(/ends too early/);
    expect((await errorOf(bytes, { byteLength: bytes.length })).message).toMatch(/only \d+ bytes are left/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16e6);
  });

  it('graphs nested without end', async () => {
    const nested = modelBytes({
      node: [{ opType: 'If', attribute: [{ name: 'g', type: 5, g: nestedGraph(20) }] }],
    });
    expect((await errorOf(nested)).message).toMatch(/nested more than 16 deep/);
  });
});

function nestedGraph(depth: number): object {
  if (depth === 0) return {};
  return { node: [{ opType: 'If', attribute: [{ name: 'g', type: 5, g: nestedGraph(depth - 1) }] }] };
}

describe('tensors', () => {
  const w = { name: 'w', dims: [2n], dataType: 1 };

  it('values of another size than dims and type ask for', async () => {
    const error = await errorOf(weightsBytes({ ...w, rawData: new Uint8Array(7) }));
    expect(error.message).toMatch(/"w" has 7 bytes.*ask for 8/);
    expect(error.where.field).toBe('graph.initializer[0].raw_data');
    expect((await errorOf(weightsBytes({ ...w, floatData: [1] }))).message).toMatch(/"w" has 4 bytes/);
    expect((await errorOf(weightsBytes({ ...w, floatData: [1, 2, 3] }))).message).toMatch(/more values/);
    expect((await errorOf(weightsBytes(w))).message).toMatch(/"w" has 0 bytes/);
  });

  it('negative dims', async () => {
    const error = await errorOf(weightsBytes({ ...w, dims: [2n, -1n] }));
    expect(error.message).toMatch(/Dimension 1 is -1/);
    expect(error.where.field).toBe('graph.initializer[0].dims');
  });

  it('dims whose product is absurd', async () => {
    const error = await errorOf(weightsBytes({ ...w, dims: [2n ** 40n, 2n ** 40n], rawData: new Uint8Array(8) }));
    expect(error.message).toMatch(/absurd dims \[1099511627776, 1099511627776\]/);
    expect((await errorOf(weightsBytes({ ...w, dims: [2n ** 62n, 0n] }))).message).toMatch(/Dimension 0/);
    expect((await errorOf(weightsBytes({ ...w, dims: new Array(65).fill(1n) }))).message).toMatch(/more than 64 dim/);
  });

  it.each([
    [8, 'string', { stringData: [new Uint8Array(3)] }],
    [14, 'complex64', { floatData: [1, 2] }],
    [17, 'float8e4m3fn', { int32Data: [1, 2] }],
    [20, 'float8e5m2fnuz', { rawData: new Uint8Array(2) }],
    [0, 'undefined', { rawData: new Uint8Array(2) }],
    [99, 'type 99', { rawData: new Uint8Array(2) }],
  ])('type %i is refused by the name of the tensor', async (dataType, typeName, values) => {
    const error = await errorOf(weightsBytes({ ...w, dataType, ...values }));
    expect(error.message).toContain(`Tensor "w" is ${typeName}`);
    expect(error.where.field).toBe('graph.initializer[0]');
    expect(error.hint).toMatch(/Export/);
  });

  it('values in a field that cannot hold the type, or in two fields', async () => {
    expect((await errorOf(weightsBytes({ ...w, int64Data: [1n] }))).message).toMatch(
      /float32, which cannot be in int64_data/,
    );
    const both = { ...w, rawData: new Uint8Array(8), floatData: [1, 2] };
    expect((await errorOf(weightsBytes(both))).message).toMatch(/both raw_data and float_data/);
    expect((await errorOf(weightsBytes({ ...w, floatData: [1], int32Data: [1] }))).message).toMatch(
      /both float_data and int32/,
    );
    const tensor = bytesField(5, tag(2, 0), 2, ...bytesField(9, 1), ...bytesField(9, 1));
    expect((await errorOf(graphFile(...tensor))).message).toMatch(/raw_data twice/);
  });

  it('initializers without a name, or with the same', async () => {
    expect((await errorOf(weightsBytes({ dataType: 1, floatData: [1] }))).message).toMatch(/no name/);
    const error = await errorOf(weightsBytes({ ...w, floatData: [1, 2] }, { ...w, floatData: [1, 2] }));
    expect(error.message).toMatch(/two initializers with the name "w"/);
    expect(error.where.field).toBe('graph.initializer[1]');
  });

  it('sparse initializers', async () => {
    const error = await errorOf(modelBytes({ name: 'g', sparseInitializer: [{ values: { name: 's' } }] }));
    expect(error.message).toMatch(/sparse/);
  });
});

describe('graphs', () => {
  it('none, or two', async () => {
    expect((await errorOf(modelBytes(undefined))).message).toMatch(/no graph/);
    const two = Uint8Array.of(8, 10, ...bytesField(7), ...bytesField(7), ...opset);
    expect((await errorOf(two)).message).toMatch(/two graphs/);
  });

  it('no version of the format or of the operators', async () => {
    expect((await errorOf(Uint8Array.of(...bytesField(7), ...opset))).message).toMatch(/ir_version/);
    expect((await errorOf(modelBytes({ name: 'g' }, { opsetImport: [] }))).message).toMatch(/opset_import/);
  });

  it('a node without operator', async () => {
    const error = await errorOf(nodesBytes({ input: ['x'], output: ['y'] }));
    expect(error.message).toMatch(/no operator/);
    expect(error.where.field).toBe('graph.node[0]');
  });

  it('attributes that the IR has no place for, or that lack what they promise', async () => {
    const attribute = async (init: object) =>
      (await errorOf(nodesBytes({ opType: 'A', input: ['x'], output: ['y'], attribute: [init] }))).message;
    expect(await attribute({ name: 'a', type: 13 })).toMatch(/"a" is of kind 13/);
    expect(await attribute({ name: 'a', type: 4 })).toMatch(/"a" has no tensor/);
    expect(await attribute({ name: 'a', type: 5 })).toMatch(/"a" has no graph/);
    expect(await attribute({ name: 'a', type: 1, refAttrName: 'b' })).toMatch(/function/);
    expect(await attribute({ type: 1 })).toMatch(/no name/);
    const t = { dataType: 1, dims: [1n], dataLocation: 1, externalData: [{ key: 'location', value: 'w.bin' }] };
    expect(await attribute({ name: 'a', type: 4, t })).toMatch(/in another file/);
    const twice = [1, 2].map((type) => ({ name: 'a', type }));
    const error = await errorOf(nodesBytes({ opType: 'A', input: ['x'], output: ['y'], attribute: twice }));
    expect(error.message).toMatch(/two attributes with the name "a"/);
  });

  it('inputs that are no tensors of a known type', async () => {
    const sequence = { name: 's', type: { value: { case: 'sequenceType' as const, value: {} } } };
    expect((await errorOf(modelBytes({ input: [sequence] }))).message).toMatch(/"s" is no tensor/);
    expect((await errorOf(modelBytes({ input: [valueInfo('x', [1], 17)] }))).message).toMatch(/float8e4m3fn/);
    expect((await errorOf(modelBytes({ input: [valueInfo('')] }))).message).toMatch(/no name/);
  });

  it('calls of functions that the model defines itself', async () => {
    const graph = {
      name: 'g',
      input: [valueInfo('x')],
      node: [{ opType: 'Mine', domain: 'my', input: ['x'], output: ['y'] }],
    };
    const error = await errorOf(modelBytes(graph, { functions: [{ name: 'Mine', domain: 'my' }] }));
    expect(error.message).toMatch(/calls a function of the model, Mine/);
    expect(error.where.field).toBe('graph.node[0]');
  });
});

describe('errors of others', () => {
  it('pass through unchanged, and the transfer is ended', async () => {
    let open = true;
    async function* source() {
      try {
        yield* chunked(fixtureBytes('llama_q4'), 1000);
      } finally {
        open = false;
      }
    }
    const full = new Error('disk full');
    const onTensor = () => {
      throw full;
    };
    await expect(readModel(source(), { onTensor })).rejects.toBe(full);
    expect(open).toBe(false);
  });

  it('a ReadableStream is cancelled when its bytes are no model', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(ascii('<html>')),
      cancel: () => {
        cancelled = true;
      },
    });
    await expect(readModel(stream)).rejects.toBeInstanceOf(ModelError);
    expect(cancelled).toBe(true);
  });

  it('a failing stream gives its own error', async () => {
    const offline = new TypeError('network error');
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(fixtureBytes('llama_q4').subarray(0, 5000)),
      pull: (controller) => controller.error(offline),
    });
    await expect(readModel(stream)).rejects.toBe(offline);
  });
});
