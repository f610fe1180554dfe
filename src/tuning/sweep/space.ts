/**
 * A search space → the runs to make: all of it (a grid), or a random sample (Bergstra & Bengio 2012), in which learning
 * rates are drawn evenly in their logarithm. The same settings always give the same list.
 */
import { DataError } from '../../errors';
import type { MethodSpace, SearchSpace, SearchStrategy, SweepPoint } from '../../worker/runsProtocol';
import { Random } from '../random';

/** More would take a browser days; a grid beyond it is refused, not cut, since a corner left out would go unnoticed. */
export const MAX_SWEEP_RUNS = 256;

/** @throws DataError where the space is empty, too large, or holds what cannot be */
export function pointsOf(space: SearchSpace, strategy: SearchStrategy): SweepPoint[] {
  check(space);
  switch (strategy.type) {
    case 'grid':
      return grid(space);
    case 'random':
      return sample(space, strategy.runs, new Random(strategy.seed));
    default:
      return strategy satisfies never;
  }
}

function grid(space: SearchSpace): SweepPoint[] {
  const points = space.methods.flatMap((of) =>
    cells(of, space.seeds).flatMap((cell) =>
      unique(of.learningRates).map((learningRate) => ({ ...cell, learningRate })),
    ),
  );
  if (points.length <= MAX_SWEEP_RUNS) return points;
  throw new DataError(
    `This grid has ${points.length.toLocaleString('en')} runs; ${MAX_SWEEP_RUNS} is the most.`,
    { field: 'space' },
    'Take some values away, or draw runs at random.',
  );
}

/**
 * Passes through all cells in random order until there are enough runs, so that a small sample is still spread over methods
 * and sizes. A space without a range of learning rates may hold fewer runs than wanted: none comes twice.
 */
function sample(space: SearchSpace, runs: number, random: Random): SweepPoint[] {
  if (!Number.isInteger(runs) || runs < 1 || runs > MAX_SWEEP_RUNS) {
    throw new DataError(`runs is ${runs}; it is a whole number from 1 to ${MAX_SWEEP_RUNS}.`, { field: 'runs' });
  }
  const all = space.methods.flatMap((of) => cells(of, space.seeds).map((cell) => ({ cell, rates: of.learningRates })));
  const points = new Map<string, SweepPoint>();
  for (let before = -1; points.size < runs && points.size > before; ) {
    before = points.size;
    for (const { cell, rates } of random.shuffle(all)) {
      const point = { ...cell, learningRate: between(Math.min(...rates), Math.max(...rates), random) };
      if (points.size < runs) points.set(JSON.stringify(point), point);
    }
  }
  return [...points.values()];
}

/** Log-uniform: each decade is as likely as the next. Four digits are more than a rate needs. */
function between(least: number, greatest: number, random: Random): number {
  if (least === greatest) return least;
  const rate = Number((least * (greatest / least) ** random.uniform()).toPrecision(4));
  return Math.min(greatest, Math.max(least, rate));
}

/** All but the learning rate. */
function cells({ method, sizes, inits }: MethodSpace, seeds: readonly number[]): Omit<SweepPoint, 'learningRate'>[] {
  const beginnings = method.type === 'lora' ? [null] : unique(inits);
  return unique(sizes).flatMap((size) =>
    beginnings.flatMap((init) => unique(seeds).map((seed) => ({ method: method.type, size, init, seed }))),
  );
}

const unique = <T>(items: readonly T[]): T[] => [
  ...new Map(items.map((item) => [JSON.stringify(item), item])).values(),
];

function check({ methods, seeds }: SearchSpace): void {
  const refuse = (field: string, message: string) => {
    throw new DataError(message, { field }, 'Give every row of the search at least one value.');
  };
  if (methods.length === 0) refuse('methods', 'The search has no method.');
  if (unique(methods.map(({ method }) => method.type)).length < methods.length)
    refuse('methods', 'A method comes twice.');
  if (seeds.length === 0) refuse('seeds', 'The search has no seed.');
  for (const { method: base, sizes, learningRates, inits } of methods) {
    const method = base.type;
    const what = method === 'lora' ? 'rank' : 'length';
    if (sizes.length === 0) refuse('sizes', `The search has no ${what} for ${method}.`);
    if (learningRates.length === 0) refuse('learningRates', `The search has no learning rate for ${method}.`);
    if (inits.length === 0 && method !== 'lora') refuse('inits', `The search has no beginning for ${method}.`);
    const size = sizes.find((value) => !(Number.isInteger(value) && value > 0));
    if (size !== undefined)
      refuse('sizes', `A ${what} of ${size} for ${method} cannot be; it is a whole number from 1.`);
    const rate = learningRates.find((value) => !(Number.isFinite(value) && value > 0));
    if (rate !== undefined) refuse('learningRates', `A learning rate of ${rate} for ${method} cannot be.`);
  }
  const seed = seeds.find((value) => !Number.isInteger(value));
  if (seed !== undefined) refuse('seeds', `A seed of ${seed} cannot be; it is a whole number.`);
}
