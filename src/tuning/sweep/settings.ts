/** One run of a sweep as the settings of a run like any other. */
import type { MethodSettings, TuneSettings } from '../../worker/protocol';
import type { SweepPoint, SweepSettings } from '../../worker/runsProtocol';

export function settingsOf({ space, shared, halving }: SweepSettings, point: SweepPoint): TuneSettings {
  const base = space.methods.find(({ method }) => method.type === point.method);
  if (base === undefined) throw new Error(`the sweep has no ${point.method}`);
  return {
    ...shared,
    evalEvery: halving === null ? shared.evalEvery : largestDivisor(halving.minSteps, shared.evalEvery),
    method: methodAt(base.method, point),
    learningRate: point.learningRate,
    seed: point.seed,
  };
}

/** So that there is a validation at every rung, whose steps are multiples of `minSteps`. */
function largestDivisor(minSteps: number, atMost: number): number {
  for (let divisor = Math.min(minSteps, atMost); divisor > 1; divisor--) if (minSteps % divisor === 0) return divisor;
  return 1;
}

function methodAt(method: MethodSettings, { size, init }: SweepPoint): MethodSettings {
  switch (method.type) {
    case 'prefix':
    case 'prompt':
      return { ...method, length: size, init: init ?? method.init };
    case 'lora':
      // alpha / rank stays what it was: else the ranks would differ in the scale of their update, too.
      return { ...method, rank: size, alpha: (method.alpha / method.rank) * size };
    default:
      return method satisfies never;
  }
}
