/** An adapter without one layer: what it learned there no longer matters, and everything else does as before. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { names, pastGraft } from '../../src/autodiff';
import { cachedReader, type DeviceAdapter, score, withoutLayer } from '../../src/inference';
import { bytesOfArray, readFloats } from '../../src/runtime';
import type { LoraValues, PrefixValues } from '../../src/tuning';
import { Random } from '../../src/tuning';
import { devicePrefix, openTiny, randomIds, type TinyModel } from '../support/tinyModel';

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await openTiny();
});
afterAll(() => tiny.dispose());

const LENGTH = 3;
const sequences = Array.from({ length: 5 }, (_, i) => ({ tokenIds: randomIds(i + 1, 5 + 2 * i), targetStart: 2 }));

/** Random numbers, other ones in the layers of `other`. */
function randomPrefix(other: readonly number[] = []): PrefixValues {
  const [first] = tiny.loaded.decoder.layers;
  const geometry = { layers: 2, kvHeads: first?.kvHeads ?? 0, headDim: first?.headDim ?? 0 };
  const perLayer = 2 * geometry.kvHeads * LENGTH * geometry.headDim;
  const layers = [0, 1].map((layer) => {
    const random = new Random(other.includes(layer) ? layer + 50 : layer + 1);
    return Array.from({ length: perLayer }, () => random.normal());
  });
  return { method: 'prefix', geometry, length: LENGTH, values: Float32Array.from(layers.flat()) };
}

/** @param off the layer that is left out; null: none is */
async function loss(prefix: PrefixValues, off: number | null): Promise<number[]> {
  const onDevice = devicePrefix(tiny.backend, prefix.values, LENGTH);
  const whole: DeviceAdapter = { kind: 'prefix', prefix: onDevice };
  const owned = off === null ? null : withoutLayer(tiny.loaded, prefix, whole, off);
  const scores = await score(tiny.loaded, tiny.kernels, owned?.adapter ?? whole, sequences);
  owned?.dispose();
  tiny.backend.free(onDevice.parameters);
  return scores.map(({ negativeLogLikelihood }) => negativeLogLikelihood);
}

const furthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number))));

describe('a prefix that is switched off in a layer', () => {
  it.each([0, 1])('may be anything there, and counts in the other layer: %i', async (layer) => {
    const without = await loss(randomPrefix(), layer);
    expect(furthest(without, await loss(randomPrefix(), null))).toBeGreaterThan(1e-2);
    expect(furthest(without, await loss(randomPrefix([layer]), layer))).toBeLessThan(1e-4);
    expect(furthest(without, await loss(randomPrefix([1 - layer]), layer))).toBeGreaterThan(1e-2);
  });

  it('is no prefix to write behind: its cache has no room for text', async () => {
    const prefix = randomPrefix();
    const onDevice = devicePrefix(tiny.backend, prefix.values, LENGTH);
    const owned = withoutLayer(tiny.loaded, prefix, { kind: 'prefix', prefix: onDevice }, 0);
    expect(() => cachedReader(tiny.loaded, tiny.kernels, owned.adapter, 16)).toThrow('for scoring');
    owned.dispose();
    tiny.backend.free(onDevice.parameters);
  });

  it('leaves nothing on the device', async () => {
    await loss(randomPrefix(), 0);
    const before = tiny.backend.live().tensors;
    await loss(randomPrefix(), 1);
    expect(tiny.backend.live().tensors).toBe(before);
  });
});

describe('a LoRA without a layer', () => {
  const modules = ['model.layers.0.self_attn.q_proj', 'model.layers.1.self_attn.q_proj', 'lm_head'].map((path) => ({
    path,
    inFeatures: 3,
    outFeatures: 2,
  }));
  // A [2, 3] and B [2, 2] per module
  const values = Float32Array.from({ length: 30 }, (_, i) => i + 1);
  const lora: LoraValues = { method: 'lora', rank: 2, alpha: 4, modules, values };

  it('reads zeros for B in the modules of this layer, and the same numbers elsewhere', async () => {
    const trainable = tiny.backend.upload('float32', [values.length], bytesOfArray(values));
    const graft = pastGraft(tiny.loaded.decoder, 1);
    const whole: DeviceAdapter = { kind: 'graft', graft, feeds: { [names.trainable]: trainable } };
    const zeros = new Map([
      [0, [6, 7, 8, 9]],
      [1, [16, 17, 18, 19]],
      [2, []],
    ]);
    for (const [layer, places] of zeros) {
      const { adapter, dispose } = withoutLayer(tiny.loaded, lora, whole, layer);
      if (adapter.kind !== 'graft') expect.fail(adapter.kind);
      const read = await readFloats(tiny.backend, adapter.feeds[names.trainable]);
      expect(Array.from(read)).toEqual(Array.from(values, (value, i) => (places.includes(i) ? 0 : value)));
      expect(adapter.graft).toBe(graft);
      dispose();
    }
    tiny.backend.free(trainable);
  });
});
