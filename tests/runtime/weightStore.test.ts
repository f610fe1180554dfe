/** Weights lie on a backend once, whatever number of graphs reads them and under whatever type. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { compile } from '../../src/autodiff/compiled';
import { DeviceError } from '../../src/errors';
import { type DataType, float32ToFloat16, type TensorData } from '../../src/onnx';
import { type Backend, bytesOfArray, createWasmBackend, type HostTensor, WeightStore } from '../../src/runtime';
import { newOps } from '../support/graphs';

let backend: Backend;
let store: WeightStore;
beforeAll(async () => {
  backend = await createWasmBackend();
});
beforeEach(() => {
  store = new WeightStore(backend);
});
afterEach(async () => {
  await store.dispose();
  expect(backend.live()).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
});

const tensor = (name: string, dataType: DataType, dims: number[], data: ArrayBufferView): TensorData => ({
  name,
  dataType,
  dims,
  byteLength: data.byteLength,
  bytes: bytesOfArray(data),
});
const view = (weight: string, dataType: DataType, dims: number[]) =>
  store.view({ weight, dataType, dims }) as HostTensor;

describe('a weight', () => {
  it('is copied, so that the reader may reuse its buffer', () => {
    const data = Float32Array.of(1, 2, 3);
    store.add(tensor('w', 'float32', [3], data));
    data.fill(0);
    expect(view('w', 'float32', [3]).data).toEqual(Float32Array.of(1, 2, 3));
  });

  it('is one set of bytes under every type and shape', () => {
    store.add(tensor('packed', 'uint8', [2, 1, 4], Uint8Array.of(0x21, 0x43, 0x65, 0x87, 0xa9, 0xcb, 0xed, 0x0f)));
    const [bytes, nibbles] = [view('packed', 'uint8', [8]), view('packed', 'uint4', [2, 8])];
    expect(nibbles).toMatchObject({ dataType: 'uint4', dims: [2, 8] });
    expect(nibbles.data.buffer).toBe(bytes.data.buffer);
    expect(backend.live()).toEqual({ tensors: 1, bytes: 8, sessions: 0 });
  });

  const half = () => tensor('w', 'float16', [2], new Uint16Array(float32ToFloat16(Float32Array.of(1.5, -0.25))));

  it('of float16 stays float16 until it is widened', async () => {
    store.add(half());
    expect(view('w', 'float16', [2]).data).toEqual(Uint16Array.of(0x3e00, 0xb400));
    expect(store.keepsFloat16).toBe(true);
    await store.widen();
    expect(store.keepsFloat16).toBe(false);
    expect(view('w', 'float32', [2]).data).toEqual(Float32Array.of(1.5, -0.25));
    expect(backend.live()).toEqual({ tensors: 1, bytes: 8, sessions: 0 });
  });

  it('of float16 is kept as float32 where the device has no float16', () => {
    store = new WeightStore(backend, { float16: false });
    store.add(half());
    expect(view('w', 'float32', [2]).data).toEqual(Float32Array.of(1.5, -0.25));
  });

  it('of int8 is kept as uint8, 128 higher, where the device has no int8, and comes back as it was', async () => {
    store = new WeightStore(backend, { int8: false });
    store.add(tensor('w', 'int8', [4], Int8Array.of(-128, -1, 0, 127)));
    expect(view('w', 'uint8', [4]).data).toEqual(Uint8Array.of(0, 127, 128, 255));
    const contents = [];
    for await (const one of store.contents()) contents.push([one.dataType, ...new Int8Array(one.bytes)]);
    expect(contents).toEqual([['int8', -128, -1, 0, 127]]);
  });

  it.each([
    ['bfloat16', Uint16Array.of(0x3fc0, 0xbe80)],
    ['float64', Float64Array.of(1.5, -0.25)],
  ] as const)('of %s is kept as float32', (dataType, data) => {
    store.add(tensor('w', dataType, [2], data));
    expect(view('w', 'float32', [2]).data).toEqual(Float32Array.of(1.5, -0.25));
  });

  it('that is unknown, of another size, or loaded twice is an error', () => {
    store.add(tensor('w', 'float32', [3], new Float32Array(3)));
    expect(() => view('v', 'float32', [3])).toThrow(new DeviceError('Weight v was not loaded.'));
    expect(() => view('w', 'float32', [4])).toThrow('Weight w does not hold float32 [4].');
    expect(() => store.add(tensor('w', 'float32', [3], new Float32Array(3)))).toThrow('Weight w was loaded twice.');
  });
});

describe('a derived weight', () => {
  const doubled = (name = 'w') => {
    const ops = newOps();
    const w = ops.builder.weight({ weight: name, dataType: 'float32', dims: [3] });
    return compile(ops.builder, { y: ops.add(ops.builder.input('x', 'float32', [3]), ops.scale(w, 2)) });
  };
  const derive = async (name?: string) => Object.values(await store.derive(doubled(name)))[0] as HostTensor;

  it('is computed once for all graphs that name its key', async () => {
    store.add(tensor('w', 'float32', [3], Float32Array.of(1, 2, 3)));
    const create = vi.spyOn(backend, 'createSession');
    const [first, second] = await Promise.all([derive(), derive()]);
    expect(second).toBe(first);
    expect(create).toHaveBeenCalledTimes(1);
    expect(first.data).toEqual(Float32Array.of(2, 4, 6));
    expect(backend.live()).toEqual({ tensors: 2, bytes: 24, sessions: 0 });
    create.mockRestore();
  });

  it('that could not be computed is tried again', async () => {
    store.add(tensor('w', 'float32', [3], Float32Array.of(1, 2, 3)));
    const create = vi.spyOn(backend, 'createSession').mockRejectedValueOnce(new DeviceError('out of memory'));
    await expect(derive()).rejects.toThrow('out of memory');
    expect((await derive()).data).toEqual(Float32Array.of(2, 4, 6));
    create.mockRestore();
  });

  it('releases its session where a weight is missing', async () => {
    await expect(derive('absent')).rejects.toThrow('Weight absent was not loaded.');
    expect(backend.live().sessions).toBe(0);
  });
});
