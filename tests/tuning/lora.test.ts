/** LoRA on real decoders: the gradient against finite differences of the loss, whatever the layers are packed into. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildForwardGraph, buildTrainingGraph, linearModules } from '../../src/autodiff';
import { parseModelConfig } from '../../src/models';
import { createWasmBackend, type LoadedDecoder, relativeError, type WasmBackend } from '../../src/runtime';
import { type LoraSettings, type LoraTarget, loraGraft, loraMethod, loraTargets, Random } from '../../src/tuning';
import { deepDecoder } from '../support/deepDecoder';
import {
  bundledModelBytes,
  goldenCases,
  loadCase,
  readCaseDecoder,
  readConfig,
  readDecoder,
} from '../support/fixtures';
import { someValues, trainingOf } from '../support/graftRun';
import { wasmTarget, webgpuTarget } from '../support/graphs';

let backend: WasmBackend;
beforeAll(async () => {
  backend = await createWasmBackend();
});
afterAll(() => backend.dispose());

const PLAIN: LoraSettings = { rank: 3, alpha: 6, dropout: 0 };
const DROPPING: LoraSettings = { ...PLAIN, dropout: 0.25 };

const targetsOf = (name: string, loaded: LoadedDecoder): LoraTarget[] =>
  loraTargets(parseModelConfig(readConfig(name)).modelType, linearModules(loaded.decoder));

const norm = (values: Float32Array): number => Math.hypot(...values);

/** Offsets of A and B of each target in the trainable vector. */
function tensorsOf(targets: readonly LoraTarget[], rank: number) {
  let end = 0;
  return targets.flatMap(({ module }) =>
    [
      [`${module.path} A`, rank * module.inFeatures] as const,
      [`${module.path} B`, rank * module.outFeatures] as const,
    ].map(([name, size]) => {
      end += size;
      return { name, start: end - size, end };
    }),
  );
}

/** Slope of the loss along a direction by four points, over its slope by the gradient; 1 where the gradient is right. */
async function slopeRatio(
  loss: (values: Float32Array) => Promise<number>,
  at: Float32Array,
  gradient: Float32Array,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<number> {
  const part = gradient.subarray(start, end);
  const length = norm(part);
  // A change of the loss far above the rounding of float32, over a step that is short beside the tensor itself.
  const step = Math.min(0.02 / length, 0.2 * norm(at.subarray(start, end)));
  const along = (factor: number) =>
    loss(
      at.map((value, i) =>
        i < start || i >= end ? value : value + (factor * step * (gradient[i] as number)) / length,
      ),
    );
  const [a, b, c, d] = [await along(-2), await along(-1), await along(1), await along(2)];
  return (8 * (c - b) - (d - a)) / (12 * step * length);
}

describe('the gradient of every update is what the loss does', () => {
  it.each([
    ['separate q, k, v, gated', 'opt_llama_q4'],
    ['packed q, k, v', 'qwen2_q4'],
    ['packed and split before norms', 'qwen3_q4_unfused'],
    ['Conv1D', 'gpt2_q4'],
    ['a merged decoder', 'gpt2_merged'],
    ['queries, keys and values by head', 'neox_ts14_q4'],
    ['shared keys and values by head, MatMulBnb4', 'falcon_dyn18_bnb4'],
    ['chunks of one matrix', 'mpt_ts14_q4'],
    ['one matrix in PyTorch too', 'phi3_partial_q4'],
    ['MatMulInteger', 'opt_llama_q8'],
    ['MatMulInteger and biases', 'opt_dyn18_q8'],
    ['quantised activations', 'smooth_gqa_qdq8'],
    ['float16', 'mistral_ts17_fp16'],
  ])('%s: %s', async (_, name) => {
    const loaded = await loadCase(backend, name);
    const targets = targetsOf(name, loaded);
    const graft = loraGraft(loaded.decoder, targets, DROPPING);
    const { program, at } = await trainingOf(loaded, graft);
    const values = someValues(graft.size);
    const { gradient } = await at(values);
    for (const tensor of tensorsOf(targets, DROPPING.rank)) {
      const ratio = await slopeRatio(async (changed) => (await at(changed)).loss, values, gradient, tensor);
      expect(Math.abs(ratio - 1), tensor.name).toBeLessThan(1e-2);
    }
    const again = await trainingOf(loaded, graft, { recompute: true });
    expect(relativeError((await again.at(values)).gradient, gradient)).toBeLessThan(1e-5);
    // As for WebGPU, where joining and splitting is limited and no product transposes.
    const narrow = await trainingOf(loaded, graft, { target: { ...loaded.target, fusedMatMul: false, maxParts: 7 } });
    expect(relativeError((await narrow.at(values)).gradient, gradient)).toBeLessThan(1e-5);
    const whole = loraGraft(loaded.decoder, targets, PLAIN);
    const plain = await trainingOf(loaded, whole);
    const ofAll = { start: 0, end: whole.size };
    const slope = (await plain.at(values)).gradient;
    const ratio = await slopeRatio(async (changed) => (await plain.at(changed)).loss, values, slope, ofAll);
    expect(Math.abs(ratio - 1), 'nothing dropped').toBeLessThan(1e-2);
    for (const each of [program, again.program, narrow.program, plain.program]) await each.release();
    await loaded.dispose();
  });
});

describe('updates as they start', () => {
  it.each(goldenCases)('leave the model what it was: %s', async (name) => {
    const loaded = await loadCase(backend, name);
    const targets = targetsOf(name, loaded);
    const method = loraMethod(loaded.decoder, targets, DROPPING);
    const { values } = await method.initial(loaded, new Random(1));
    const { program, at } = await trainingOf(loaded, method.graft);
    const untouched = await at(new Float32Array(values.length));
    const begun = await at(values);
    expect(begun.loss).toBe(untouched.loss);
    const learns = tensorsOf(targets, DROPPING.rank).filter(
      ({ start, end }) => norm(begun.gradient.subarray(start, end)) > 0,
    );
    expect(learns.map(({ name: tensor }) => tensor)).toEqual(targets.map(({ module }) => `${module.path} B`));
    await program.release();
    await loaded.dispose();
  });

  it("are PEFT's: A uniform within 1/√inFeatures, B zero, the same for the same seed", async () => {
    const loaded = await loadCase(backend, 'llama_q4');
    const targets = targetsOf('llama_q4', loaded).slice(0, 2);
    const method = loraMethod(loaded.decoder, targets, { rank: 16, alpha: 32, dropout: 0 });
    const { values, frozen } = await method.initial(loaded, new Random(1));
    expect(frozen).toHaveLength(0);
    expect((await method.initial(loaded, new Random(1))).values).toEqual(values);
    expect((await method.initial(loaded, new Random(2))).values).not.toEqual(values);
    const [a, b] = tensorsOf(targets, 16).map(({ start, end }) => values.subarray(start, end));
    expect(Math.max(...(a ?? []))).toBeLessThanOrEqual(1 / 8);
    // Uniform numbers within ±c have the deviation c / √3.
    expect(norm(a ?? new Float32Array()) / Math.sqrt(16 * 64)).toBeCloseTo(1 / 8 / Math.sqrt(3), 2);
    expect(b?.every((value) => value === 0)).toBe(true);
    expect(await method.adapter(loaded, { values, frozen })).toEqual({
      method: 'lora',
      rank: 16,
      alpha: 32,
      modules: targets.map(({ module }) => module),
      values,
    });
    expect(method.blank().values).toEqual(new Float32Array(values.length));
    await loaded.dispose();
  });
});

describe('what it costs', () => {
  const shape = { batch: 4, tokens: 64, rows: 32 };

  it('is little beside the frozen layers, and masks are computed again where values are', async () => {
    const bundled = await readDecoder(bundledModelBytes());
    for (const target of [wasmTarget, webgpuTarget]) {
      for (const dropout of [0, 0.1]) {
        const decoder = deepDecoder(bundled, 24);
        const targets = loraTargets('llama', linearModules(decoder)).filter(({ roles }) => /[qv]/.test(roles.join()));
        expect(targets).toHaveLength(48);
        const graft = loraGraft(decoder, targets, { rank: 8, alpha: 16, dropout });
        const kept = buildTrainingGraph(decoder, graft, shape, target).cost;
        const again = buildTrainingGraph(decoder, graft, { ...shape, recompute: true }, target).cost;
        const forward = buildForwardGraph(
          decoder,
          { ...shape, cache: 0, layout: 'dense', head: 'losses', newKeyValues: false },
          target,
        ).cost;
        expect(kept.flops / forward.flops).toBeLessThan(2.1);
        expect(again.flops / forward.flops).toBeLessThan(3.2);
        expect(kept.peakLiveBytes / again.peakLiveBytes).toBeGreaterThan(6);
      }
    }
  });
});

describe('a graft of updates', () => {
  it('has a key of its own for every choice that changes the graph', async () => {
    const decoder = await readCaseDecoder('llama_q4');
    const targets = loraTargets('llama', linearModules(decoder));
    const keys = [
      loraGraft(decoder, targets, PLAIN),
      loraGraft(decoder, targets.slice(1), PLAIN),
      loraGraft(decoder, targets, { ...PLAIN, rank: 4 }),
      loraGraft(decoder, targets, { ...PLAIN, alpha: 7 }),
      loraGraft(decoder, targets, DROPPING),
    ].map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(loraGraft(decoder, targets, { ...PLAIN }).key).toBe(keys[0]);
  });

  it('says by the module which update reaches a node', async () => {
    const decoder = await readCaseDecoder('llama_q4');
    const targets = loraTargets('llama', linearModules(decoder)).filter(({ roles }) => roles.join() === 'down');
    const graft = loraGraft(decoder, targets, PLAIN);
    expect(graft.reaching('/model/layers.1/attn/GroupQueryAttention')).toBe(
      'the update of model.layers.0.mlp.down_proj',
    );
    expect(graft.reaching('/model/layers.0/attn/GroupQueryAttention')).toBeNull();
  });
});
