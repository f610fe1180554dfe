/** One run of a sweep as the settings of a run like any other. */
import type { MethodSettings, TuneSettings } from '../../worker/protocol';
import type { SweepPoint, SweepSettings } from '../../worker/runsProtocol';

export function settingsOf({ space, shared }: SweepSettings, point: SweepPoint): TuneSettings {
  const base = space.methods.find(({ method }) => method.type === point.method);
  if (base === undefined) throw new Error(`the sweep has no ${point.method}`);
  return {
    ...shared,
    method: methodAt(base.method, point),
    learningRate: point.learningRate,
    seed: point.seed,
  };
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
