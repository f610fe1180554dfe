/** Micro-batches add up to one batch, and the trainables walk where AdamW says. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { names } from '../../src/autodiff';
import { DeviceError } from '../../src/errors';
import { bytesOfArray } from '../../src/runtime';
import { Optimiser, Random } from '../../src/tuning';
import { microBatches } from '../../src/tuning/batcher';
import { initialPrefix, prefixTraining } from '../support/prefixes';
import { openTiny, randomIds, type TinyModel } from '../support/tinyModel';

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await openTiny();
});
afterAll(() => tiny.dispose());

const open: Optimiser[] = [];
afterEach(() => {
  for (const optimiser of open.splice(0)) optimiser.dispose();
});

function optimiserFor(initial: Float32Array, { weightDecay = 0, maxGradNorm = Number.POSITIVE_INFINITY } = {}) {
  const optimiser = new Optimiser(tiny.backend, tiny.kernels, initial, { weightDecay, maxGradNorm });
  open.push(optimiser);
  return optimiser;
}

const write = (optimiser: Optimiser, gradient: readonly number[], loss: number) => {
  tiny.backend.write(optimiser.gradient, bytesOfArray(Float32Array.from(gradient)));
  tiny.backend.write(optimiser.loss, bytesOfArray(Float32Array.of(loss)));
};

it('memory that ends halfway leaves nothing of an optimiser behind', () => {
  const { tensors } = tiny.backend.live();
  let left = 4;
  const scarce = {
    ...tiny.backend,
    allocate: (...what: Parameters<typeof tiny.backend.allocate>) => {
      if (left-- === 0) throw new DeviceError('std::bad_alloc', {}, undefined, { outOfMemory: true });
      return tiny.backend.allocate(...what);
    },
  };
  const make = () => new Optimiser(scarce, tiny.kernels, new Float32Array(8), { weightDecay: 0, maxGradNorm: 1 });
  expect(make).toThrow('bad_alloc');
  expect(tiny.backend.live().tensors).toBe(tensors);
});

const LENGTH = 4;
const batch = [7, 9, 12, 5, 8, 15].map((length, i) => ({
  tokenIds: randomIds(i + 1, length),
  targetStart: 2 + (i % 3),
}));

/** Loss, gradient norm and trainables after one step on `batch` in micro-batches of this size. */
async function stepIn(microBatchSize: number) {
  const { loaded, backend } = tiny;
  const tokenIds = randomIds(99, LENGTH);
  const initial = await initialPrefix(loaded, LENGTH, { type: 'text', tokenIds }, new Random(0));
  const optimiser = optimiserFor(initial);
  for (const part of microBatches(batch, microBatchSize)) {
    const { batch: rowsOfText, tokens, rows } = part;
    const program = await prefixTraining(loaded, { batch: rowsOfText, tokens, prefix: LENGTH, rows });
    const feeds = {
      [names.ids]: backend.upload('int64', [rowsOfText, tokens], bytesOfArray(part.inputIds)),
      [names.rows]: backend.upload('int64', [rows], bytesOfArray(part.rowIndices)),
      [names.labels]: backend.upload('int32', [rows], bytesOfArray(part.labels)),
      [names.weights]: backend.upload('float32', [rows], bytesOfArray(part.weights)),
    };
    await program.run(
      { ...feeds, [names.trainable]: optimiser.parameters },
      { [names.loss]: optimiser.loss, [names.gradient]: optimiser.gradient },
    );
    for (const feed of Object.values(feeds)) backend.free(feed);
    optimiser.accumulate();
  }
  const statistics = await optimiser.update(1e-3);
  return { ...statistics, values: await optimiser.values(), initial };
}

describe('accumulation', () => {
  it.each([1, 2, 3])('over micro-batches of %i gives the loss and the gradient of the whole batch', async (size) => {
    const whole = await stepIn(batch.length);
    const parts = await stepIn(size);
    expect(parts.loss).toBeCloseTo(whole.loss, 5);
    expect(Math.abs(parts.gradNorm / whole.gradNorm - 1)).toBeLessThan(1e-5);
    // The first step of AdamW is the sign of the gradient: a gradient near zero may fall on either side.
    const apart = parts.values.filter((value, i) => Math.abs(value - (whole.values[i] as number)) > 1e-5);
    expect(apart.length).toBeLessThan(whole.values.length / 100);
    expect(whole.values.some((value, i) => value !== whole.initial[i])).toBe(true);
  });

  it('starts anew after every update', async () => {
    const optimiser = optimiserFor(new Float32Array(2));
    write(optimiser, [3, 4], 2);
    optimiser.accumulate();
    write(optimiser, [0, 0], 1);
    optimiser.accumulate();
    expect(await optimiser.update(0.1)).toEqual({ loss: 3, gradNorm: 5 });
    write(optimiser, [0, 2], 0.5);
    optimiser.accumulate();
    expect(await optimiser.update(0.1)).toEqual({ loss: 0.5, gradNorm: 2 });
  });
});

describe('AdamW', () => {
  it('follows the published recurrence, with clipping and weight decay, for 20 steps', async () => {
    const [beta1, beta2, epsilon, weightDecay, maxGradNorm] = [0.9, 0.999, 1e-8, 0.05, 1];
    const theta = [0.5, -1, 2];
    const [m, v] = [
      [0, 0, 0],
      [0, 0, 0],
    ];
    const optimiser = optimiserFor(Float32Array.from(theta), { weightDecay, maxGradNorm });
    for (let step = 1; step <= 20; step++) {
      const rate = 0.1 / step;
      const gradient = theta.map((_, i) => Math.sin(step * (i + 1)) * (i + 1));
      const norm = Math.hypot(...gradient);
      const clip = Math.min(1, maxGradNorm / (norm + 1e-6));
      theta.forEach((value, i) => {
        const g = (gradient[i] as number) * clip;
        m[i] = beta1 * (m[i] as number) + (1 - beta1) * g;
        v[i] = beta2 * (v[i] as number) + (1 - beta2) * g * g;
        const [mHat, vHat] = [(m[i] as number) / (1 - beta1 ** step), (v[i] as number) / (1 - beta2 ** step)];
        theta[i] = value - rate * weightDecay * value - (rate * mHat) / (Math.sqrt(vHat) + epsilon);
      });
      write(optimiser, gradient, 1);
      optimiser.accumulate();
      const { gradNorm } = await optimiser.update(rate);
      expect(gradNorm).toBeCloseTo(norm, 5);
    }
    const values = await optimiser.values();
    theta.forEach((value, i) => {
      expect(values[i]).toBeCloseTo(value, 5);
    });
  });

  it('leaves the trainables alone where the gradient is not finite', async () => {
    const optimiser = optimiserFor(Float32Array.of(1, 2));
    write(optimiser, [Number.NaN, 1], 1);
    optimiser.accumulate();
    expect((await optimiser.update(0.1)).gradNorm).toBeNaN();
    expect([...(await optimiser.values())]).toEqual([1, 2]);
  });
});

describe('an update', () => {
  it('can be taken back while it is one of the last three', async () => {
    const optimiser = optimiserFor(Float32Array.of(1, 2));
    const before: number[][] = [];
    for (let step = 1; step <= 5; step++) {
      before.push([...(await optimiser.values())]);
      write(optimiser, [step, -step], 1);
      optimiser.accumulate();
      await optimiser.update(0.1);
    }
    for (const step of [5, 4, 3]) {
      optimiser.takeBack(step);
      expect([...(await optimiser.values())]).toEqual(before[step - 1]);
    }
    expect(() => optimiser.takeBack(2)).toThrow('update 2 of 5 cannot be taken back');
    expect(() => optimiser.takeBack(6)).toThrow(RangeError);
  });
});
