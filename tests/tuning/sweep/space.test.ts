/** Search spaces → runs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/errors';
import { MAX_SWEEP_RUNS, pointsOf, settingsOf } from '../../../src/tuning/sweep';
import type { VirtualInit } from '../../../src/worker/protocol';
import type { MethodSpace, SearchSpace, SweepPoint } from '../../../src/worker/runsProtocol';
import { anySpace, LORA, PREFIX, TEXT } from './spaces';

const RANDOM: VirtualInit = { type: 'random' };
const prefix: MethodSpace = { method: PREFIX, sizes: [4, 16], learningRates: [0.01, 0.1], inits: [TEXT, RANDOM] };
const lora: MethodSpace = { method: LORA, sizes: [4], learningRates: [1e-4, 1e-3], inits: [] };
const SPACE: SearchSpace = { methods: [prefix, lora], seeds: [0, 1] };
const random = (runs: number, seed = 1) => ({ type: 'random', runs, seed }) as const;

const spaceOf = ({ methods }: SearchSpace, { method }: SweepPoint): MethodSpace =>
  methods.find((space) => space.method.type === method) ?? expect.fail('a method that was not asked for');
const distinct = (points: readonly SweepPoint[]) => new Set(points.map((point) => JSON.stringify(point))).size;

describe('a grid', () => {
  it('holds every combination once; LoRA has no beginnings to vary', () => {
    const points = pointsOf(SPACE, { type: 'grid' });
    expect(points).toHaveLength(2 * 2 * 2 * 2 + 2 * 2);
    expect(points[0]).toEqual({ method: 'prefix', size: 4, learningRate: 0.01, init: TEXT, seed: 0 });
    expect(points.at(-1)).toEqual({ method: 'lora', size: 4, learningRate: 1e-3, init: null, seed: 1 });
  });

  it('of any space has as many runs as the product of its values, all different', () => {
    fc.assert(
      fc.property(anySpace, (space) => {
        const product = space.methods.reduce(
          (sum, { method, sizes, learningRates, inits }) =>
            sum +
            sizes.length * learningRates.length * (method.type === 'lora' ? 1 : inits.length) * space.seeds.length,
          0,
        );
        const points = pointsOf(space, { type: 'grid' });
        expect(points).toHaveLength(product);
        expect(distinct(points)).toBe(product);
      }),
    );
  });

  it('takes a value that was given twice once', () => {
    const twice = { methods: [{ ...lora, sizes: [4, 4], learningRates: [1e-3, 1e-3] }], seeds: [0, 0] };
    expect(pointsOf(twice, { type: 'grid' })).toHaveLength(1);
  });

  it('that is too large is refused with its number of runs, not cut', () => {
    const seeds = Array.from({ length: 100 }, (_, seed) => seed);
    expect(() => pointsOf({ ...SPACE, seeds }, { type: 'grid' })).toThrow(
      `This grid has 1,000 runs; ${MAX_SWEEP_RUNS} is the most.`,
    );
  });
});

describe('a random search', () => {
  it('draws different runs within the space, and the same ones for the same seed', () => {
    fc.assert(
      fc.property(anySpace, fc.integer({ min: 1, max: 60 }), fc.nat(), (space, runs, seed) => {
        const points = pointsOf(space, random(runs, seed));
        expect(pointsOf(space, random(runs, seed))).toEqual(points);
        expect(distinct(points)).toBe(points.length);
        expect(points.length).toBeLessThanOrEqual(runs);
        expect(points.length).toBeGreaterThan(0);
        for (const point of points) {
          const { sizes, learningRates, inits } = spaceOf(space, point);
          expect(sizes).toContain(point.size);
          expect(space.seeds).toContain(point.seed);
          if (point.method === 'lora') expect(point.init).toBeNull();
          else expect(inits).toContainEqual(point.init);
          expect(point.learningRate).toBeGreaterThanOrEqual(Math.min(...learningRates));
          expect(point.learningRate).toBeLessThanOrEqual(Math.max(...learningRates));
        }
      }),
    );
  });

  it('draws learning rates evenly in their logarithm', () => {
    const space = { methods: [{ ...prefix, sizes: [8], learningRates: [1e-5, 1e-1] }], seeds: [0] };
    const rates = pointsOf(space, random(200)).map(({ learningRate }) => learningRate);
    const share = rates.filter((rate) => rate < 1e-3).length / rates.length;
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  });

  it('comes to every method and size before it comes to one again', () => {
    const cells = pointsOf({ ...SPACE, seeds: [0] }, random(5)).map(({ method, size, init }) => [
      method,
      size,
      init?.type,
    ]);
    expect(new Set(cells.map(String)).size).toBe(5);
  });

  it('of a space without ranges ends when all of it is drawn', () => {
    const points = pointsOf({ methods: [{ ...lora, sizes: [2, 4], learningRates: [1e-3] }], seeds: [0] }, random(9));
    expect(points.map(({ size }) => size).sort()).toEqual([2, 4]);
  });
});

describe('a space that cannot be searched is refused by name', () => {
  it.each<[string, SearchSpace]>([
    ['methods', { methods: [], seeds: [0] }],
    ['methods', { methods: [lora, lora], seeds: [0] }],
    ['seeds', { methods: [lora], seeds: [] }],
    ['seeds', { methods: [lora], seeds: [0.5] }],
    ['sizes', { methods: [{ ...lora, sizes: [] }], seeds: [0] }],
    ['sizes', { methods: [{ ...prefix, sizes: [4, 0] }], seeds: [0] }],
    ['learningRates', { methods: [{ ...lora, learningRates: [] }], seeds: [0] }],
    ['learningRates', { methods: [{ ...lora, learningRates: [Number.NaN] }], seeds: [0] }],
    ['inits', { methods: [{ ...prefix, inits: [] }], seeds: [0] }],
  ])('%s', (field, space) => {
    for (const strategy of [{ type: 'grid' }, random(3)] as const) {
      expect(() => pointsOf(space, strategy)).toThrow(
        expect.objectContaining({ constructor: DataError, where: { field } }),
      );
    }
  });

  it.each([0, 1.5, MAX_SWEEP_RUNS + 1])('a sample of %d runs', (runs) => {
    expect(() => pointsOf(SPACE, random(runs))).toThrow(`runs is ${runs}`);
  });
});

describe('a run of a sweep', () => {
  const shared = {
    steps: 50,
    batchSize: 4,
    microBatchSize: 'auto',
    memoryBudgetMiB: 'auto',
    warmupSteps: 5,
    weightDecay: 0,
    maxGradNorm: 1,
    evalEvery: 10,
  } as const;
  const sweep = { space: SPACE, strategy: { type: 'grid' }, halving: null, shared } as const;
  const [first, last] = [pointsOf(SPACE, sweep.strategy)[4], pointsOf(SPACE, sweep.strategy).at(-1)];

  it('has what all share, with its own length, beginning, learning rate and seed', () => {
    expect(settingsOf(sweep, first ?? expect.fail('no run'))).toEqual({
      ...shared,
      method: { ...PREFIX, length: 4, init: RANDOM },
      learningRate: 0.01,
      seed: 0,
    });
  });

  it('of LoRA keeps the ratio of alpha to the rank', () => {
    expect(settingsOf(sweep, last ?? expect.fail('no run'))).toEqual({
      ...shared,
      method: { ...LORA, rank: 4, alpha: 8 },
      learningRate: 1e-3,
      seed: 1,
    });
  });
});
