/** Host side of adamw.wgsl. */
import { adamwFactors } from './adamw.reference';
import code from './adamw.wgsl?raw';
import { checkAdamW } from './checks';
import type { Dispatcher } from './dispatch';
import { WORKGROUP_SIZE } from './dispatch';
import type { AdamW } from './types';

const NAME = 'adamw';

export async function createAdamW(dispatcher: Dispatcher): Promise<(args: AdamW) => void> {
  const program = await dispatcher.compile(NAME, code, ['read', 'read', 'write', 'write', 'write']);
  return (args) => {
    const { count } = checkAdamW(args);
    const { maxNorm, decay, stepSize, correction, oneMinusBeta1, beta2, oneMinusBeta2, epsilon } = adamwFactors(args);
    const storage = [
      dispatcher.bind(NAME, 'gradient', args.gradient),
      dispatcher.bind(NAME, 'norm', args.norm),
      dispatcher.bind(NAME, 'parameters', args.parameters),
      dispatcher.bind(NAME, 'm', args.m),
      dispatcher.bind(NAME, 'v', args.v),
    ];
    const floats = [maxNorm, decay, stepSize, correction, oneMinusBeta1, beta2, oneMinusBeta2, epsilon];
    const uints = [count, maxNorm > 0 ? 1 : 0];
    dispatcher.run(program, storage, { uints, floats }, Math.ceil(count / WORKGROUP_SIZE));
  };
}
