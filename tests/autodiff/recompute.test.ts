/** Recomputation: the gradient stays what it is, memory falls, arithmetic rises by less than a forward pass. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildForwardGraph, type Decoder, names, prefixSize } from '../../src/autodiff';
import { cutsBetweenLayers } from '../../src/autodiff/recompute';
import type { EmittedNode, Value } from '../../src/autodiff/types';
import { checkGradients, excess } from '../../src/cli/gradientCheck';
import { createWasmBackend, relativeError, type WasmBackend } from '../../src/runtime';
import { deepDecoder } from '../support/deepDecoder';
import { bundledModelBytes, loadFixture, readCase, readDecoder } from '../support/fixtures';
import { newOps, wasmTarget, webgpuTarget } from '../support/graphs';
import { prefixTraining, prefixTrainingGraph } from '../support/prefixes';
import { randomGrid, randomSource } from '../support/random';
import { floats, int32s, int64s, runProgram } from '../support/run';

/** One of each family and kind of export. */
const CASES = [
  'llama_q4',
  'llama_tjs_q8',
  'opt_llama_q4',
  'qwen2_q4',
  'qwen3_q4_unfused',
  'gemma3_q4',
  'phi3_partial_q4',
  'gpt2_merged',
  'gpt2_q8',
];

let backend: WasmBackend;
let bundled: Decoder;
beforeAll(async () => {
  backend = await createWasmBackend();
  bundled = await readDecoder(bundledModelBytes());
});
afterAll(() => backend.dispose());

describe('the gradient through recomputation', () => {
  it.each(CASES)("is PyTorch's: %s", async (name) => {
    expect(excess(await checkGradients(backend, readCase(name), { recompute: true }))).toBeNull();
  });

  it.each(['float', 'quantized'] as const)('is the one without it, bit by bit: %s weights', async (weights) => {
    const loaded = await loadFixture(backend, 'llama_q4', { weights });
    const shape = { batch: 2, tokens: 6, prefix: 4, rows: 5 };
    const random = randomSource(3);
    const ids = Array.from({ length: 12 }, () => Math.floor(random() * 300));
    const size = prefixSize(loaded.decoder, shape.prefix);
    const feeds = {
      [names.trainable]: floats([size], randomGrid(random, size, -1, 1)),
      [names.ids]: int64s([2, 6], ids),
      [names.rows]: int64s([5], [1, 2, 4, 8, 10]),
      [names.labels]: int32s([5], ids.slice(0, 5)),
      [names.weights]: floats([5], new Float32Array(5).fill(0.2)),
      [names.zero]: floats([1], new Float32Array(1)),
    };
    const kept = await runProgram(backend, await prefixTraining(loaded, shape), feeds);
    const again = await runProgram(backend, await prefixTraining(loaded, { ...shape, recompute: true }), feeds);
    expect(relativeError(again.gradient as Float32Array, kept.gradient as Float32Array)).toBeLessThanOrEqual(1e-6);
    expect(again.loss).toEqual(kept.loss);
    await loaded.dispose();
  });
});

describe('memory and arithmetic', () => {
  const shape = { batch: 4, tokens: 64, prefix: 16, rows: 32 };
  const scoring = {
    batch: 4,
    tokens: 64,
    cache: 16,
    rows: 32,
    layout: 'dense',
    head: 'losses',
    newKeyValues: false,
  } as const;

  // 40.9 MB → 9.5 MB and 147 MB → 15.3 MB when this was written
  it.each([
    ['the bundled 8 layers, wasm', 8, wasmTarget, 4],
    ['the bundled 8 layers, webgpu', 8, webgpuTarget, 4],
    ['30 layers, wasm', 30, wasmTarget, 9],
    ['30 layers, webgpu', 30, webgpuTarget, 9],
  ])('falls by a large factor, at less than 3.1 forward passes: %s', (_, depth, target, factor) => {
    const decoder = deepDecoder(bundled, depth);
    const kept = prefixTrainingGraph(decoder, shape, target).cost;
    const again = prefixTrainingGraph(decoder, { ...shape, recompute: true }, target).cost;
    const forward = buildForwardGraph(decoder, scoring, target).cost;
    expect(kept.peakLiveBytes / again.peakLiveBytes).toBeGreaterThan(factor);
    expect(again.flops / forward.flops).toBeLessThan(3.1);
    expect(again.flops / forward.flops).toBeGreaterThan(2.5);
  });

  it('grows with depth by what crosses from layer to layer, not by what is inside', () => {
    const peak = (depth: number) =>
      prefixTrainingGraph(deepDecoder(bundled, depth), { ...shape, recompute: true }, wasmTarget).cost.peakLiveBytes;
    const [layer] = bundled.layers;
    const crossing = 4 * shape.batch * shape.tokens * 256;
    const past = 2 * 4 * (layer?.kvHeads ?? 0) * (layer?.headDim ?? 0) * shape.prefix * (shape.batch + 2);
    expect((peak(24) - peak(12)) / 12).toBeLessThan(crossing + past);
  });
});

describe('the cut between two layers', () => {
  const entriesOf = (nodes: readonly EmittedNode[], pasts: readonly Value[]) =>
    pasts.map((past) => nodes.findIndex(({ inputs }) => inputs.includes(past)));

  it('is where the fewest bytes cross, and the last of several such places', () => {
    const ops = newOps();
    const input = (name: string, width: number) => ops.builder.input(name, 'float32', [1, width]);
    const [h, firstPast, secondPast] = [input('h', 4), input('past.0', 2), input('past.1', 2)];
    const attended = ops.concat([firstPast, h], 1);
    const narrow = ops.reduce('ReduceSum', attended, [1]);
    const same = ops.exp(narrow);
    const wide = ops.expand(same, [8, 1]);
    ops.concat([secondPast, ops.reshape(wide, [1, 8])], 1);
    const { nodes } = ops.builder;
    const made = new Set(nodes.flatMap(({ outputs }) => outputs));
    const [cut] = cutsBetweenLayers(nodes, made, entriesOf(nodes, [firstPast, secondPast]));
    expect(nodes[cut as number]?.outputs[0]).toBe(wide);
  });

  it('does not exist where the pasts do not enter one after the other', () => {
    const ops = newOps();
    const [a, b] = [ops.builder.input('a', 'float32', [2]), ops.builder.input('b', 'float32', [2])];
    ops.exp(ops.add(a, b));
    expect(cutsBetweenLayers(ops.builder.nodes, new Set(), entriesOf(ops.builder.nodes, [a, b]))).toEqual([]);
  });
});
