/** How large learned numbers are: against the definitions, on numbers small enough for them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loraNorms, prefixNorms, rowLengths, textNorms } from '../../src/inference';
import { type LoraValues, prefixMethod, Random } from '../../src/tuning';
import { openTiny, randomIds, type TinyModel } from '../support/tinyModel';

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await openTiny();
});
afterAll(() => tiny.dispose());

const geometryOf = ({ loaded }: TinyModel) => {
  const [layer] = loaded.decoder.layers;
  return { layers: 2, kvHeads: layer?.kvHeads ?? 0, headDim: layer?.headDim ?? 0 };
};

describe('norms of a prefix', () => {
  it('are root mean squares of each layer, keys and values apart', () => {
    const geometry = { layers: 2, kvHeads: 1, headDim: 2 };
    const values = Float32Array.of(3, 4, 3, 4, 1, 1, 1, 1, 0, 0, 0, 0, 2, -2, 2, -2);
    const norms = prefixNorms({ method: 'prefix', geometry, length: 2, values });
    expect(norms).toEqual([
      { keys: Math.sqrt(12.5), values: 1 },
      { keys: 0, values: 2 },
    ]);
  });

  it('are those of a text for a prefix that is the text, whatever it is padded to', async () => {
    const ids = randomIds(3, 5);
    const init = { type: 'text', tokenIds: ids } as const;
    const method = prefixMethod(tiny.loaded, { length: 5, init, projection: null, frozenTokens: 0 });
    const { values } = await method.initial(tiny.loaded, new Random(0));
    const ofPrefix = prefixNorms({ method: 'prefix', geometry: geometryOf(tiny), length: 5, values });
    for (const [layer, norms] of (await textNorms(tiny.loaded, [ids])).entries()) {
      expect(norms.keys).toBeCloseTo(ofPrefix[layer]?.keys ?? 0, 5);
      expect(norms.values).toBeCloseTo(ofPrefix[layer]?.values ?? 0, 5);
    }
  });

  it('of several texts are over all of their tokens', async () => {
    const [short, long] = [randomIds(4, 3), randomIds(5, 11)];
    const [a, b, both] = await Promise.all([[short], [long], [short, long]].map((it) => textNorms(tiny.loaded, it)));
    const expected = Math.sqrt((3 * (a?.[1]?.values ?? 0) ** 2 + 11 * (b?.[1]?.values ?? 0) ** 2) / 14);
    expect(both?.[1]?.values).toBeCloseTo(expected, 6);
  });
});

describe('norms of a LoRA', () => {
  it('are those of the whole update alpha / rank · B A, module by module', () => {
    const random = new Random(7);
    const rank = 3;
    const modules = [
      { path: 'transformer.h.0.attn.c_attn', inFeatures: 5, outFeatures: 12 },
      { path: 'transformer.h.11.attn.c_attn', inFeatures: 6, outFeatures: 4 },
    ];
    const size = modules.reduce((sum, { inFeatures, outFeatures }) => sum + rank * (inFeatures + outFeatures), 0);
    const values = Float32Array.from({ length: size }, () => random.normal());
    const lora: LoraValues = { method: 'lora', rank, alpha: 6, modules, values };
    let offset = 0;
    const expected = modules.map(({ inFeatures, outFeatures }) => {
      const [a, b] = [offset, offset + rank * inFeatures];
      offset = b + outFeatures * rank;
      let square = 0;
      for (let o = 0; o < outFeatures; o++) {
        for (let i = 0; i < inFeatures; i++) {
          let update = 0;
          for (let r = 0; r < rank; r++) {
            update += (values[b + o * rank + r] as number) * (values[a + r * inFeatures + i] as number);
          }
          square += (2 * update) ** 2;
        }
      }
      return Math.sqrt(square);
    });
    const norms = loraNorms(lora);
    expect(norms.map(({ layer }) => layer)).toEqual([0, 11]);
    norms.forEach(({ norm }, i) => {
      expect(norm).toBeCloseTo(expected[i] as number, 4);
    });
  });

  it('are nothing where B is', () => {
    const module = { path: 'model.layers.0.mlp.up_proj', inFeatures: 2, outFeatures: 2 };
    const values = Float32Array.of(1, 2, 0, 0);
    expect(loraNorms({ method: 'lora', rank: 1, alpha: 1, modules: [module], values })[0]?.norm).toBe(0);
  });
});

describe('lengths of embeddings', () => {
  it('are Euclidean, row by row', () => {
    expect(rowLengths(Float32Array.of(3, 4, 0, 0, 5, 12), 2)).toEqual([5, 0, 13]);
  });
});
