/** Random search spaces, and sweeps whose runs have ended with given losses. */
import fc from 'fast-check';
import { beginSweep, setRun } from '../../../src/tuning/sweep';
import type { MethodSettings, VirtualInit } from '../../../src/worker/protocol';
import type { SearchSpace, SweepPoint, SweepState } from '../../../src/worker/runsProtocol';

export const TEXT: VirtualInit = { type: 'text', text: 'Say what it is.' };
export const PREFIX: MethodSettings = { type: 'prefix', length: 8, init: TEXT, projection: null, frozenTokens: 0 };
export const LORA: MethodSettings = { type: 'lora', rank: 8, alpha: 16, dropout: 0, targets: ['q', 'v'] };

const sizes = fc.uniqueArray(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 3 });
const learningRates = fc.uniqueArray(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: 1, maxLength: 3 });
const inits = fc.subarray<VirtualInit>([TEXT, { type: 'text', text: 'Or so.' }, { type: 'zero' }], { minLength: 1 });
const methods = [PREFIX, { type: 'prompt', length: 8, init: TEXT, encoder: null }, LORA] as const;

/** At most 162 runs as a grid. */
export const anySpace: fc.Arbitrary<SearchSpace> = fc.record({
  methods: fc.uniqueArray(
    fc.record({ method: fc.constantFrom<MethodSettings>(...methods), sizes, learningRates, inits }),
    { minLength: 1, maxLength: 3, selector: ({ method }) => method.type },
  ),
  seeds: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 2 }),
});

export const point = (change: Partial<SweepPoint> = {}): SweepPoint => ({
  method: 'prefix',
  size: 8,
  learningRate: 0.05,
  init: TEXT,
  seed: 0,
  ...change,
});

/** A prefix learns 1,024 numbers for each virtual token here, LoRA 512 for each rank. */
export function ended(runs: readonly (readonly [Partial<SweepPoint>, loss: number])[]): SweepState {
  const begun = beginSweep(
    runs.map(([change]) => point(change)),
    null,
    100,
  );
  return runs.reduce((sweep, [change, loss], index) => {
    const { method, size } = point(change);
    const parameters = size * (method === 'lora' ? 512 : 1024);
    const result = { runId: `run-${index + 1}`, step: 100, loss, accuracy: null, parameters };
    return setRun(sweep, index + 1, { status: 'done', result });
  }, begun);
}
