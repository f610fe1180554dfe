/** The tap on attention, on every golden decoder: what it reads is PyTorch's, and what it switches off is gone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttentionTap, type Decoder, describeDecoder, names } from '../../src/autodiff';
import { TappedOps } from '../../src/autodiff/attentionTap';
import { GraphBuilder } from '../../src/autodiff/builder';
import { buildForwardGraph } from '../../src/autodiff/graphs';
import { createWasmBackend, relativeError, type WasmBackend } from '../../src/runtime';
import { goldenCases } from '../support/fixtures';
import { attentionCases, type GoldenPrefix, goldenAttention, withGoldenPrefix } from '../support/goldenPrefix';
import { info, model, node, wasmTarget } from '../support/graphs';
import { type Feed, floats, int64s, runProgram } from '../support/run';

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

const withCase = <T>(name: string, use: (opened: GoldenPrefix) => Promise<T>) => withGoldenPrefix(backend, name, use);

const shapeOf = ({ ids, length }: GoldenPrefix) =>
  ({
    batch: 1,
    tokens: ids.length,
    cache: length,
    rows: null,
    layout: 'dense',
    head: 'none',
    newKeyValues: false,
  }) as const;

async function run(opened: GoldenPrefix, tap: AttentionTap, feeds: Readonly<Record<string, Feed>>, shape = {}) {
  const { loaded, ids, cache } = opened;
  const program = await loaded.forward({ ...shapeOf(opened), ...shape, tap });
  return runProgram(backend, program, { [names.ids]: int64s([1, ids.length], ids), ...cache, ...feeds });
}

/** Attention of every layer, [heads, time, columns]: one group per query. */
async function attentionOf(opened: GoldenPrefix): Promise<Float32Array[]> {
  const time = opened.ids.length;
  const identity = Float32Array.from({ length: time * time }, (_, i) => (i % (time + 1) === 0 ? 1 : 0));
  const feeds = { [names.queryWeights]: floats([time, time], identity) };
  const outputs = await run(opened, { kind: 'read', groups: time }, feeds);
  return opened.loaded.decoder.layers.map((_, layer) => outputs[names.attention(layer)] as Float32Array);
}

describe('attention as it is read', () => {
  it.each(attentionCases)('is, head by head, what PyTorch computes: %s', async (name) => {
    await withCase(name, async (opened) => {
      for (const [layer, weights] of (await attentionOf(opened)).entries()) {
        const expected = goldenAttention.get(`${name}.${layer}`) as Float32Array;
        expect(weights).toHaveLength(expected.length);
        expect(relativeError(weights, expected)).toBeLessThan(1e-5);
      }
    });
  });

  it.each(goldenCases)('is shared out whole, and to nothing that comes later: %s', async (name) => {
    await withCase(name, async (opened) => {
      const [time, slots] = [opened.ids.length, opened.length + opened.ids.length];
      const layers = await attentionOf(opened);
      for (const weights of layers) {
        const columns = weights.length / (opened.heads * time);
        expect([slots, slots + 1]).toContain(columns);
        for (let row = 0; row < weights.length / columns; row++) {
          const mass = weights.subarray(row * columns, (row + 1) * columns);
          expect(mass.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
          const later = mass.subarray(opened.length + (row % time) + 1, slots);
          expect(later.every((share) => share < 1e-9)).toBe(true);
        }
      }
    });
  });

  it('is summed over queries with the weights of each group', async () => {
    await withCase('llama_fp32', async (opened) => {
      const time = opened.ids.length;
      const weights = Float32Array.from({ length: 2 * time }, (_, i) => (i % 5) / 10);
      const feeds = { [names.queryWeights]: floats([2, time], weights) };
      const outputs = await run(opened, { kind: 'read', groups: 2 }, feeds);
      const full = goldenAttention.get('llama_fp32.1') as Float32Array;
      const columns = opened.length + time;
      const expected = Float32Array.from({ length: 4 * 2 * columns }, (_, i) => {
        const [head, group, column] = [Math.floor(i / (2 * columns)), Math.floor(i / columns) % 2, i % columns];
        const share = (query: number) => full[(head * time + query) * columns + column] as number;
        return weights.subarray(group * time, (group + 1) * time).reduce((sum, w, query) => sum + w * share(query), 0);
      });
      expect(relativeError(outputs[names.attention(1)] as Float32Array, expected)).toBeLessThan(1e-5);
    });
  });
});

const OFF = -1e9;
const withLogits = { head: 'logits' } as const;
const biased = (opened: GoldenPrefix, bias: readonly number[], shape: object = withLogits) =>
  run(opened, { kind: 'bias' }, { [names.layerBias]: floats([bias.length], Float32Array.from(bias)) }, shape);
const everyLayer = ({ loaded }: GoldenPrefix, value: number) => loaded.decoder.layers.map(() => value);

/** The text at its positions behind the prefix, which the attention mask hides from it. */
async function logitsWithoutPrefix(opened: GoldenPrefix): Promise<Float32Array> {
  const { loaded, ids, cache, length: prefix } = opened;
  const time = ids.length;
  const program = await loaded.forward({ ...shapeOf(opened), layout: 'ragged', ...withLogits });
  const seen = Array.from({ length: prefix + time }, (_, slot) => (slot < prefix ? 0 : 1));
  const outputs = await runProgram(backend, program, {
    [names.ids]: int64s([1, time], ids),
    [names.mask]: int64s([1, prefix + time], seen),
    [names.positions]: int64s(
      [1, time],
      ids.map((_, i) => prefix + i),
    ),
    ...cache,
  });
  return outputs[names.logits] as Float32Array;
}

describe('a prefix that layers are made to forget', () => {
  it.each(attentionCases)(
    'is gone for the model when all of them do, and all there when none does: %s',
    async (name) => {
      await withCase(name, async (opened) => {
        const none = (await biased(opened, everyLayer(opened, 0)))[names.logits] as Float32Array;
        const all = (await biased(opened, everyLayer(opened, OFF)))[names.logits] as Float32Array;
        expect(relativeError(none, opened.logits)).toBeLessThan(1e-4);
        expect(relativeError(all, await logitsWithoutPrefix(opened))).toBeLessThan(1e-5);
        expect(relativeError(all, none)).toBeGreaterThan(1e-2);
      });
    },
  );

  it('still reaches the layers below the one that forgets it, as before', async () => {
    await withCase('llama_q4', async (opened) => {
      const run = (bias: readonly number[]) => biased(opened, bias, { ...withLogits, newKeyValues: true });
      const [none, first, last] = [await run([0, 0]), await run([OFF, 0]), await run([0, OFF])];
      const key = names.fresh(1, 'key');
      expect(last[key]).toEqual(none[key]);
      expect(relativeError(first[key] as Float32Array, none[key] as Float32Array)).toBeGreaterThan(1e-2);
      expect(relativeError(last[names.logits] as Float32Array, none[names.logits] as Float32Array)).toBeGreaterThan(
        1e-2,
      );
    });
  });
});

describe('a softmax that is no attention', () => {
  const shape = { tap: { kind: 'read', groups: 1 }, batch: 1, tokens: 3, cache: 2, layers: 1 } as const;

  it('is left alone, also where it has as many columns', () => {
    const ops = new TappedOps(new GraphBuilder(wasmTarget), shape);
    const past = ops.builder.input(names.cache(0, 'key'), 'float32', [1, 1, 2, 4]);
    const query = ops.builder.input('query', 'float32', [1, 1, 3, 4]);
    const fresh = ops.builder.input('fresh', 'float32', [1, 1, 3, 4]);
    const attention = ops.matmul(query, ops.concat([past, fresh], 2), { transB: true });
    const router = ops.builder.input('router', 'float32', [1, 3, 5]);
    ops.softmax(router);
    const weights = ops.softmax(attention);
    ops.softmax(ops.reshape(ops.add(attention, attention), [1, 3, 5]));
    const read = ops.outputs()[names.attention(0)];
    expect(read?.source.kind === 'node' && read.source.node.inputs[1]).toBe(ops.reshape(weights, [1, 3, 5]));
  });

  it('does not stand in for attention that is not found: the layer is named', () => {
    const past = ['key', 'value'].map((what) => info(`past_key_values.0.${what}`, 'float32', 1, 1, 'past', 4));
    const present = ['key', 'value'].map((what) => info(`present.0.${what}`, 'float32', 1, 1, 'total', 4));
    const decoder: Decoder = describeDecoder(
      model({
        inputs: [info('input_ids', 'int64', 'batch', 'time'), ...past],
        outputs: [info('logits', 'float32', 'batch', 'time', 3), ...present],
        nodes: [
          node('Cast', 'input_ids', 'x', { to: { type: 'int', value: 1 } }),
          node('Softmax', 'x', 'logits'),
          node('Identity', 'past_key_values.0.key', 'present.0.key'),
          node('Identity', 'past_key_values.0.value', 'present.0.value'),
        ],
      }),
    );
    const build = () =>
      buildForwardGraph(
        decoder,
        { ...shape, rows: null, layout: 'dense', head: 'none', newKeyValues: false },
        wasmTarget,
      );
    expect(build).toThrow('where layer 0 attends to its past');
  });
});
