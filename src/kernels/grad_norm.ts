/** Host side of grad_norm.wgsl: two passes over a scratch buffer that is kept, so nothing is allocated per call. */
import { checkGradNorm } from './checks';
import type { Dispatcher } from './dispatch';
import { WORKGROUP_SIZE } from './dispatch';
import code from './grad_norm.wgsl?raw';
import type { GradNorm } from './types';

const NAME = 'grad_norm';
/** Sums left for the second pass, at most; each of its 256 invocations then adds 16 of them. */
const MAX_SUMS = 4096;
/** Below this many elements per invocation another workgroup costs more than it saves. */
const ELEMENTS_PER_INVOCATION = 4;

export interface GradNormKernel {
  run(args: GradNorm): void;
  dispose(): void;
}

export async function createGradNorm(dispatcher: Dispatcher): Promise<GradNormKernel> {
  const [squares, root] = await Promise.all([
    dispatcher.compile(NAME, code, ['read', 'write']),
    dispatcher.compile(`${NAME} (final pass)`, code, ['read', 'write'], { FINAL_PASS: 1 }),
  ]);
  const scratch = dispatcher.createScratch('grad_norm sums', MAX_SUMS);
  return {
    run(args) {
      const { count } = checkGradNorm(args);
      const gradient = dispatcher.bind(NAME, 'gradient', args.gradient);
      const norm = dispatcher.bind(NAME, 'norm', args.norm);
      const sums = Math.min(MAX_SUMS, Math.ceil(count / (WORKGROUP_SIZE * ELEMENTS_PER_INVOCATION)));
      const between = { buffer: scratch };
      dispatcher.run(squares, [gradient, between], { uints: [count] }, sums);
      dispatcher.run(root, [between, norm], { uints: [sums] }, 1);
    },
    dispose() {
      scratch.destroy();
    },
  };
}
