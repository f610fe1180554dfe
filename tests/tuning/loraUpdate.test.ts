/** What an update adds to y, against the same written out, and what it leaves out where it drops. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildForwardGraph, linearModules, names } from '../../src/autodiff';
import { compile } from '../../src/autodiff/compiled';
import type { Value } from '../../src/autodiff/types';
import { createWasmBackend, Program, relativeError, type WasmBackend, WeightStore } from '../../src/runtime';
import { type LoraTarget, loraGraft, loraTargets } from '../../src/tuning';
import { readCaseDecoder } from '../support/fixtures';
import { newOps, wasmTarget } from '../support/graphs';
import { randomSource } from '../support/random';
import { floats, runProgram } from '../support/run';

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

describe('the arithmetic', () => {
  const [batch, tokens, width, rows] = [2, 16, 64, 128];
  const settings = { rank: 2, alpha: 6, dropout: 0.25 };

  /** y + alpha / rank · (dropout(x) Aᵀ) Bᵀ at the rows of each target, written out. */
  function written(
    targets: readonly LoraTarget[],
    x: Float32Array,
    y: Float32Array,
    values: Float32Array,
    noise: Float32Array | null,
  ) {
    const { rank, alpha, dropout } = settings;
    const out = Float64Array.from(y);
    let [from, drawn, kept] = [0, 0, 0];
    for (const { linear, module } of targets) {
      const a = values.subarray(from, from + rank * width);
      const b = values.subarray(from + a.length, from + a.length + module.outFeatures * rank);
      from += a.length + b.length;
      for (let r = 0; r < batch * tokens; r++) {
        const seen = Array.from({ length: width }, (_, c) => {
          const value = x[r * width + c] as number;
          if (!noise) return value;
          const sum = Math.fround((noise[drawn + r] as number) + (noise[drawn + batch * tokens + c] as number));
          if (sum % 1 < dropout) return 0;
          kept++;
          return value / (1 - dropout);
        });
        const inner = Array.from({ length: rank }, (_, k) =>
          seen.reduce((sum, value, c) => sum + value * (a[k * width + c] as number), 0),
        );
        for (let row = 0; row < module.outFeatures; row++) {
          const update = inner.reduce((sum, value, k) => sum + value * (b[row * rank + k] as number), 0);
          out[r * rows + linear.firstRow + row] =
            (out[r * rows + linear.firstRow + row] as number) + (alpha / rank) * update;
        }
      }
      drawn += batch * tokens + width;
    }
    return { out: Float32Array.from(out), kept: kept / (targets.length * batch * tokens * width) };
  }

  it.each([
    ['first and last rows, nothing dropped', ['q', 'v'], false],
    ['first and last rows', ['q', 'v'], true],
    ['rows in the middle', ['k'], true],
    ['given in another order', ['v', 'k', 'q'], true],
    ['given in another order, nothing dropped', ['v', 'k', 'q'], false],
  ])('%s', async (_, roles, drops) => {
    const decoder = await readCaseDecoder('llama_q4');
    const all = loraTargets('llama', linearModules(decoder)).filter(({ linear }) => linear.layer === 0);
    const targets = roles.flatMap((role) => all.filter((target) => target.roles.join() === role));
    const graft = loraGraft(decoder, targets, settings);
    const ops = newOps();
    const input = (name: string, dims: number[]) => ops.builder.input(name, 'float32', dims);
    const [x, y] = [input('x', [batch, tokens, width]), input('y', [batch, tokens, rows])];
    const size = graft.noise(batch, tokens);
    const noise = drops ? input('noise', [size]) : null;
    const inputs = { trainable: input('trainable', [graft.size]), frozen: null, noise, batch, tokens };
    const { replace } = graft.onto(ops, inputs);
    const [name = ''] = targets.map(({ linear }) => linear.output);
    const reads = targets.map(({ linear }) => linear.input);
    const updated = replace?.get(name)?.(y, (read) => (reads.includes(read) ? x : y)) as Value;
    const program = await Program.open(compile(ops.builder, { updated }), new WeightStore(backend));
    const random = randomSource(5);
    const numbers = (count: number, low: number, high: number) =>
      Float32Array.from({ length: count }, () => low + (high - low) * random());
    const [xs, ys, values, draws] = [
      numbers(batch * tokens * width, -1, 1),
      numbers(batch * tokens * rows, -1, 1),
      numbers(graft.size, -1, 1),
      numbers(size, 0, 1),
    ];
    const outputs = await runProgram(backend, program, {
      x: floats(x.dims, xs),
      y: floats(y.dims, ys),
      trainable: floats([graft.size], values),
      ...(drops && { noise: floats([size], draws) }),
    });
    const { out, kept } = written(targets, xs, ys, values, drops ? draws : null);
    expect(replace?.size).toBe(1);
    expect(relativeError(outputs.updated as Float32Array, out)).toBeLessThan(1e-6);
    if (drops) expect(kept).toBeCloseTo(0.75, 1);
    await program.release();
  });

  it('outside of training nothing is dropped, and nothing drawn', async () => {
    const decoder = await readCaseDecoder('llama_q4');
    const targets = loraTargets('llama', linearModules(decoder));
    const graph = (dropout: number) => {
      const graft = loraGraft(decoder, targets, { ...settings, dropout });
      const shape = {
        batch: 1,
        tokens: 4,
        cache: 0,
        rows: null,
        layout: 'dense',
        head: 'logits',
        newKeyValues: false,
      } as const;
      return buildForwardGraph(decoder, shape, wasmTarget, graft);
    };
    expect(
      graph(0.5)
        .inputs.map(({ name }) => name)
        .sort(),
    ).toEqual([names.ids, names.trainable]);
    expect(graph(0.5).model).toEqual(graph(0).model);
  });
});
