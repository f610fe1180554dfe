/** The seam to the hardware, on the connector that is the truth for the other. */
import { beforeEach, describe, expect, it } from 'vitest';
import { compile } from '../../src/autodiff/compiled';
import { DeviceError } from '../../src/errors';
import { type Backend, bytesOfArray, createWasmBackend, type HostTensor, type Session } from '../../src/runtime';
import { newOps } from '../support/graphs';

let backend: Backend;
beforeEach(async () => {
  backend = await createWasmBackend();
});

const upload = (...values: number[]) =>
  backend.upload('float32', [values.length], bytesOfArray(Float32Array.from(values))) as HostTensor;

/** sum = a + b, difference = a − b */
function open(): Promise<Session> {
  const ops = newOps();
  const [a, b] = [ops.builder.input('a', 'float32', [2]), ops.builder.input('b', 'float32', [2])];
  return backend.createSession(compile(ops.builder, { sum: ops.add(a, b), difference: ops.sub(a, b) }).model);
}

describe('tensors', () => {
  it('are copies that can be overwritten and read', async () => {
    const source = Float32Array.of(1, 2);
    const tensor = backend.upload('float32', [2], bytesOfArray(source));
    source.fill(9);
    expect(new Float32Array((await backend.read(tensor)).buffer)).toEqual(Float32Array.of(1, 2));
    backend.write(tensor, bytesOfArray(Float32Array.of(5)));
    expect(new Float32Array((await backend.read(tensor)).buffer)).toEqual(Float32Array.of(5, 2));
  });

  it.each([
    ['int64', [3], 24],
    ['uint4', [2, 3], 3],
    ['bool', [5], 5],
    ['float32', [0, 4], 0],
  ] as const)('of %s %j are zero-filled', async (dataType, dims, bytes) => {
    expect(await backend.read(backend.allocate(dataType, dims))).toEqual(new Uint8Array(bytes));
  });

  it('are counted until they are freed', () => {
    const [a, b] = [upload(1, 2), upload(3)];
    expect(backend.live()).toEqual({ tensors: 2, bytes: 12, sessions: 0 });
    backend.free(a);
    backend.free(a);
    expect(backend.live()).toEqual({ tensors: 1, bytes: 4, sessions: 0 });
    backend.free(b);
    expect(backend.live()).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
  });
});

describe('a session', () => {
  it('runs, and its outputs belong to the caller', async () => {
    const session = await open();
    const outputs = await session.run({ a: upload(5, 6), b: upload(1, 2) });
    expect((outputs.sum as HostTensor).data).toEqual(Float32Array.of(6, 8));
    expect((outputs.difference as HostTensor).data).toEqual(Float32Array.of(4, 4));
    expect(backend.live()).toMatchObject({ tensors: 4, sessions: 1 });
    await session.release();
    await session.release();
    expect(backend.live()).toMatchObject({ tensors: 4, sessions: 0 });
  });

  it('writes an output to the tensor that is given for it', async () => {
    const session = await open();
    const target = upload(0, 0);
    const outputs = await session.run({ a: upload(5, 6), b: upload(1, 2) }, { sum: target });
    expect(outputs.sum).toBe(target);
    expect(target.data).toEqual(Float32Array.of(6, 8));
    const wrong = session.run({ a: upload(5, 6), b: upload(1, 2) }, { sum: upload(0, 0, 0) });
    await expect(wrong).rejects.toThrow('Output sum is float32 [2], not float32 [3].');
    await session.release();
  });

  it('says which input is missing, and what a wrong one is', async () => {
    const session = await open();
    const missing = session.run({ a: upload(5, 6) });
    await expect(missing).rejects.toThrow("The graph's input b was not given.");
    await expect(missing).rejects.toMatchObject({ kind: 'device', where: { field: 'b' } });
    await expect(session.run({ a: upload(5, 6), b: upload(1) })).rejects.toThrow(DeviceError);
    await session.release();
  });

  it('is refused for a graph that is none', async () => {
    const attempt = backend.createSession(Uint8Array.of(1, 2, 3));
    await expect(attempt).rejects.toThrow(DeviceError);
    await expect(attempt).rejects.toThrow('ONNX Runtime (wasm) refuses the graph');
    expect(backend.live().sessions).toBe(0);
  });
});

it('dispose releases what is still open', async () => {
  await open();
  upload(1, 2, 3);
  await backend.dispose();
  expect(backend.live()).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
});
