/** What a compiled graph holds, what it leaves to the weight store, and what it leaves out. */
import { beforeAll, describe, expect, it } from 'vitest';
import { buildForwardGraph, type CompiledGraph, type Decoder } from '../../src/autodiff';
import { compile } from '../../src/autodiff/compiled';
import { readModel } from '../../src/onnx';
import { bundledModelBytes, modelBytes, once, readDecoder } from '../support/fixtures';
import { newOps, wasmTarget, webgpuTarget } from '../support/graphs';
import { prefixTrainingGraph } from '../support/prefixes';

let bundled: Decoder;
beforeAll(async () => {
  bundled = await readDecoder(bundledModelBytes());
});

const inside = async ({ model }: Pick<CompiledGraph, 'model'>) =>
  (await readModel(once(model), { onTensor: () => {} })).graph;
const keysOf = (graph: CompiledGraph) => graph.derived.map(({ derived }) => derived.key).sort();

describe('weights', () => {
  it.each([
    ['float', wasmTarget],
    ['quantised', webgpuTarget],
  ])('are never in the file of the graph: %s', async (_, target) => {
    const graph = prefixTrainingGraph(bundled, { batch: 2, tokens: 32, prefix: 8, rows: 20 }, target);
    const file = await inside(graph);
    const literals = [...file.initializers.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    // The vocabulary's ids for the one-hot labels (16 KiB), the mask, scalars; quantised also zero points (16 KiB).
    expect(literals).toBeLessThan(48 * 1024);
    expect(graph.model.byteLength).toBeLessThan(512 * 1024);
    const weights = new Set(bundled.model.graph.initializers.keys());
    for (const name of file.initializers.keys()) expect(weights).not.toContain(name);
    const fed = [...graph.weights, ...graph.derived].map(({ input }) => input);
    expect(file.inputs.map(({ name }) => name).sort()).toEqual(
      [...graph.inputs.map(({ name }) => name), ...fed].sort(),
    );
  });

  it('are derived under the same keys for every shape, so that all graphs share them', () => {
    const training = prefixTrainingGraph(bundled, { batch: 2, tokens: 32, prefix: 8, rows: 20 }, wasmTarget);
    const other = prefixTrainingGraph(bundled, { batch: 1, tokens: 48, prefix: 3, rows: 7 }, wasmTarget);
    const forward = buildForwardGraph(
      bundled,
      { batch: 3, tokens: 1, cache: 24, rows: 3, layout: 'ragged', head: 'logits', newKeyValues: true },
      wasmTarget,
    );
    expect(keysOf(other)).toEqual(keysOf(training));
    expect(new Set(keysOf(training)).size).toBe(training.derived.length);
    for (const key of keysOf(forward)) expect(keysOf(training)).toContain(key);
  });

  it('are dequantised ahead in float mode, and only where they are small in quantised mode', async () => {
    const shape = { batch: 1, tokens: 8, prefix: 4, rows: 3 };
    const float = prefixTrainingGraph(bundled, shape, wasmTarget);
    const quantised = prefixTrainingGraph(bundled, shape, webgpuTarget);
    const operators = async (graph: CompiledGraph) => (await inside(graph)).nodes.map(({ opType }) => opType);
    expect(await operators(float)).not.toContain('DequantizeLinear');
    expect(await operators(float)).not.toContain('MatMulNBits');
    expect(await operators(quantised)).toContain('DequantizeLinear');
    for (const { derived } of quantised.derived) {
      expect(derived.dims.reduce((a, b) => a * b, 4)).toBeLessThanOrEqual(2 ** 20);
    }
  });

  it('of which two differ in one literal alone have two keys', () => {
    const keyWith = (factor: number, width: number) => {
      const ops = newOps();
      const w = ops.builder.weight({ weight: 'w', dataType: 'float32', dims: [width] });
      const table = ops.builder.literal('float32', [width], new Float32Array(width).fill(factor));
      const x = ops.builder.input('x', 'float32', [width]);
      return keysOf(compile(ops.builder, { y: ops.add(x, ops.mul(w, table)) }))[0];
    };
    for (const width of [3, 40]) {
      expect(keyWith(1e-6, width)).toBe(keyWith(1e-6, width));
      expect(keyWith(1e-6, width)).not.toBe(keyWith(2e-6, width));
    }
  });
});

describe('a graph', () => {
  it('leaves out nodes and inputs that no output needs', async () => {
    const ops = newOps();
    const [x, unused] = [ops.builder.input('x', 'float32', [3]), ops.builder.input('unused', 'float32', [3])];
    ops.exp(unused);
    const graph = compile(ops.builder, { y: ops.tanh(x) });
    expect(graph.inputs).toEqual([{ name: 'x', dataType: 'float32', dims: [3] }]);
    expect((await inside(graph)).nodes.map(({ opType }) => opType)).toEqual(['Tanh']);
    expect(graph.cost.nodes).toBe(1);
  });

  it('returns an input, a literal, or one value under two names', async () => {
    const ops = newOps();
    const x = ops.builder.input('x', 'float32', [3]);
    const y = ops.tanh(x);
    const graph = compile(ops.builder, { same: x, known: ops.int64([4, 2]), first: y, second: y });
    const file = await inside(graph);
    expect(file.outputs.map(({ name, dataType, dims }) => [name, dataType, dims])).toEqual([
      ['same', 'float32', [3]],
      ['known', 'int64', [2]],
      ['first', 'float32', [3]],
      ['second', 'float32', [3]],
    ]);
    expect(file.nodes.map(({ opType }) => opType)).toEqual(['Tanh', 'Identity', 'Identity', 'Identity']);
  });
});

describe('cost', () => {
  it('counts products, elements, bytes and what is alive at once', () => {
    const ops = newOps();
    const [a, b] = [ops.builder.input('a', 'float32', [2, 3]), ops.builder.input('b', 'float32', [3, 4])];
    const product = ops.matmul(a, b);
    const { cost } = compile(ops.builder, { y: ops.tanh(ops.exp(ops.reshape(product, [8]))) });
    expect(cost.nodes).toBe(4);
    expect(cost.flops).toBe(2 * 2 * 3 * 4 + 8 + 8);
    expect(cost.movedBytes).toBe(4 * (6 + 12 + 8) + 4 * (8 + 8) * 2);
    expect(cost.peakLiveBytes).toBe(4 * (8 + 8));
    expect(cost).toMatchObject({ inputBytes: 4 * (6 + 12), outputBytes: 4 * 8, weightBytes: 0, derivedBytes: 0 });
    expect(cost.largestTensorBytes).toBe(4 * 12);
  });

  it('counts a weight once, however many types it is bound under, and apart from what is derived of it', () => {
    const ops = newOps(webgpuTarget);
    const packed = ops.builder.weight({ weight: 'w', dataType: 'uint8', dims: [4, 1, 16] });
    const numbers = ops.builder.weight({ weight: 'w', dataType: 'uint4', dims: [4, 32] });
    const scales = ops.builder.weight({ weight: 's', dataType: 'float32', dims: [4] });
    const x = ops.builder.input('x', 'float32', [4]);
    const { cost } = compile(ops.builder, {
      packed: ops.cast(packed, 'float32'),
      numbers: ops.cast(numbers, 'int8'),
      scaled: ops.mul(x, ops.neg(scales)),
    });
    expect(cost).toMatchObject({ weightBytes: 64, derivedBytes: 4 * 4, inputBytes: 4 * 4 });
  });

  it.each([
    ['wasm', wasmTarget],
    ['webgpu', webgpuTarget],
  ])('of a training step is 2.05 forward passes at most: %s', (_, target) => {
    const [batch, tokens, prefix, rows] = [4, 64, 16, 4 * 63];
    const training = prefixTrainingGraph(bundled, { batch, tokens, prefix, rows }, target).cost;
    const forward = buildForwardGraph(
      bundled,
      { batch, tokens, cache: prefix, rows, layout: 'dense', head: 'losses', newKeyValues: false },
      target,
    ).cost;
    const ratio = training.flops / forward.flops;
    // 2.030 when this was written; 2 is the limit with frozen weights
    expect(ratio).toBeLessThan(2.05);
    expect(ratio).toBeGreaterThan(1.9);
    expect(forward.flops).toBeGreaterThan(2 * 6e6 * batch * tokens);
  });

  it('of a step is lower with fewer supervised rows', async () => {
    const decoder = await readDecoder(modelBytes('llama_q4'));
    const flops = (rows: number) =>
      prefixTrainingGraph(decoder, { batch: 2, tokens: 16, prefix: 4, rows }, wasmTarget).cost.flops;
    expect(flops(4)).toBeLessThan(0.75 * flops(32));
  });
});
