/** Open programs are bounded in number and memory, and one that runs is never closed under its run. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CompiledGraph } from '../../src/autodiff';
import { compile } from '../../src/autodiff/compiled';
import {
  createWasmBackend,
  type DeviceTensor,
  Program,
  type Session,
  type WasmBackend,
  WeightStore,
  workingBytes,
} from '../../src/runtime';
import { ProgramCache } from '../../src/runtime/programCache';
import { newOps } from '../support/graphs';

/** exp(x) for `size` numbers: 8 bytes of memory each. */
function graph(size: number): CompiledGraph {
  const ops = newOps();
  return compile(ops.builder, { y: ops.exp(ops.builder.input('x', 'float32', [size])) });
}

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

/** Resolved by hand: a run that ends when the test says so. */
function slowBackend() {
  const ending: (() => void)[] = [];
  const released: string[] = [];
  const slow: WasmBackend = {
    ...backend,
    async createSession(): Promise<Session> {
      const name = `session ${released.length + ending.length}`;
      return {
        run: () =>
          new Promise<Record<string, DeviceTensor>>((resolve) => {
            ending.push(() => resolve({}));
          }),
        release: async () => {
          released.push(name);
        },
      };
    },
  };
  return { store: new WeightStore(slow), ending, released };
}

describe('a cache of programs', () => {
  it('is bounded by memory, the least recently used first', async () => {
    const store = new WeightStore(backend);
    const cache = new ProgramCache((one) => Program.open(one, store));
    const at = (size: number) => cache.get(`${size}`, () => graph(size));
    expect(workingBytes(graph(1000).cost)).toBe(8000);
    cache.limit(25_000);
    const [first, second] = [await at(1000), await at(1001)];
    await at(1002);
    expect(await at(1000)).toBe(first);
    await at(1003);
    await vi.waitFor(() => expect(backend.live().sessions).toBe(3));
    expect(await at(1000)).toBe(first);
    expect(await at(1001)).not.toBe(second);
    await cache.release();
    expect(backend.live().sessions).toBe(0);
  });

  it('opens what is asked for even where it alone is over the bound', async () => {
    const store = new WeightStore(backend);
    const cache = new ProgramCache((one) => Program.open(one, store));
    cache.limit(10);
    await cache.get('large', () => graph(1000));
    expect(backend.live().sessions).toBe(1);
    await cache.release();
  });

  it('never closes a program that is running, and closes it when it is told to once the run has ended', async () => {
    const { store, ending, released } = slowBackend();
    const cache = new ProgramCache((one) => Program.open(one, store));
    const program = await cache.get('busy', () => graph(8));
    const run = program.run({});
    cache.limit(0);
    await cache.get('other', () => graph(9));
    expect(await cache.get('busy', () => graph(8))).toBe(program);
    const releasing = cache.release();
    await Promise.resolve();
    expect(program.isBusy).toBe(true);
    expect(released).toHaveLength(1);
    for (const end of ending) end();
    await Promise.all([run, releasing]);
    expect(released).toHaveLength(2);
  });

  it('forgets a program that could not be opened', async () => {
    let attempts = 0;
    const store = new WeightStore(backend);
    const cache = new ProgramCache((one) => {
      attempts++;
      return attempts === 1 ? Promise.reject(new Error('no room')) : Program.open(one, store);
    });
    await expect(cache.get('a', () => graph(8))).rejects.toThrow('no room');
    await cache.get('a', () => graph(8));
    await cache.release();
    expect(backend.live().sessions).toBe(0);
  });
});
