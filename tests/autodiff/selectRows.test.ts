/** Choosing rows early gives what choosing them at the end gives, and moves only what nobody else needs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/autodiff/compiled';
import type { Ops } from '../../src/autodiff/ops';
import { rmsNorm } from '../../src/autodiff/rules/normalise';
import { selectRows } from '../../src/autodiff/selectRows';
import type { Value } from '../../src/autodiff/types';
import { createWasmBackend, Program, type WasmBackend, WeightStore } from '../../src/runtime';
import { newOps } from '../support/graphs';
import { randomGrid, randomSource } from '../support/random';
import { floats, int64s, runProgram } from '../support/run';

const [batch, time, width] = [2, 3, 4];
const chosen = [5, 0, 3, 3];

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

interface Inputs {
  readonly x: Value;
  readonly y: Value;
  readonly matrix: Value;
  readonly scale: Value;
}

interface Built {
  readonly target: Value;
  /** Something else of the graph that is wanted as well. */
  readonly also?: Value;
}

/** The graph's operators after dead nodes are gone, how many rows each works on, and the chosen rows of its target. */
async function build(body: (ops: Ops, inputs: Inputs) => Built, early: boolean) {
  const ops = newOps();
  const { builder } = ops;
  const inputs = {
    x: builder.input('x', 'float32', [batch, time, width]),
    y: builder.input('y', 'float32', [batch, time, width]),
    matrix: builder.input('matrix', 'float32', [width, width]),
    scale: builder.input('scale', 'float32', [width]),
  };
  const { target, also } = body(ops, inputs);
  const rows = builder.input('rows', 'int64', [chosen.length]);
  const selected = early ? selectRows(ops, target, rows) : ops.gather(ops.reshape(target, [batch * time, width]), rows);
  const graph = compile(builder, { selected, ...(also && { also }) });
  const random = randomSource(7);
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { dims }]) => [
      name,
      floats(
        dims,
        randomGrid(
          random,
          dims.reduce((a, b) => a * b),
          -2,
          2,
        ),
      ),
    ]),
  );
  const program = await Program.open(graph, new WeightStore(backend));
  const used = Object.fromEntries(
    graph.inputs.map(({ name }) => [name, feeds[name] ?? int64s([chosen.length], chosen)]),
  );
  const outputs = await runProgram(backend, program, used);
  await program.release();
  return { outputs, flops: graph.cost.flops, dims: selected.dims };
}

const feedForward = (ops: Ops, { x, y, matrix, scale }: Inputs): Value => {
  const residual = ops.add(x, y);
  const normed = rmsNorm(ops, residual, scale, 1e-5);
  const gated = ops.mul(ops.linear(normed, matrix), ops.emit('Sigmoid', [ops.linear(normed, matrix, false)]));
  return ops.add(residual, ops.add(gated, scale));
};

const across = (ops: Ops, x: Value) => ops.reduce('ReduceSum', x, [1]);

const bodies: Record<string, { body: (ops: Ops, inputs: Inputs) => Built; moves: boolean }> = {
  'a feed-forward block': { body: (ops, it) => ({ target: feedForward(ops, it) }), moves: true },
  'what another output needs, row by row': {
    body: (ops, it) => {
      const target = feedForward(ops, it);
      return { target, also: across(ops, target) };
    },
    moves: false,
  },
  'a sum over time in between': {
    body: (ops, it) => ({ target: ops.add(ops.exp(it.x), across(ops, it.y)) }),
    moves: false,
  },
  'a factor that differs by time alone': {
    body: (ops, it) => {
      const factor = ops.reduce('ReduceSum', it.y, [0]);
      return { target: ops.mul(ops.exp(it.x), factor) };
    },
    moves: false,
  },
  'the input itself': { body: (_, it) => ({ target: it.x }), moves: false },
};

describe('selectRows', () => {
  it.each(Object.entries(bodies))('%s', async (_, { body, moves }) => {
    const [early, late] = [await build(body, true), await build(body, false)];
    expect(early.dims).toEqual([chosen.length, width]);
    expect(Array.from(early.outputs.selected ?? [])).toEqual(Array.from(late.outputs.selected ?? []));
    expect(early.outputs.also).toEqual(late.outputs.also);
    if (moves) expect(early.flops).toBeLessThan(late.flops * 0.8);
    else expect(early.flops).toBeLessThanOrEqual(late.flops);
  });

  it('stops where somebody else needs all rows, and moves what comes after', async () => {
    const body = (ops: Ops, it: Inputs): Built => {
      const shared = ops.exp(it.x);
      return { target: ops.linear(ops.tanh(shared), it.matrix), also: across(ops, shared) };
    };
    const [early, late] = [await build(body, true), await build(body, false)];
    expect(early.outputs).toEqual(late.outputs);
    // tanh and the product: 4 rows instead of 6
    expect(late.flops - early.flops).toBe(2 * (width + 2 * width * width));
  });
});
