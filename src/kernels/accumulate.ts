/** Host side of accumulate.wgsl. */
import code from './accumulate.wgsl?raw';
import { checkAccumulate } from './checks';
import type { Dispatcher } from './dispatch';
import { WORKGROUP_SIZE } from './dispatch';
import type { Accumulate } from './types';

const NAME = 'accumulate';

export async function createAccumulate(dispatcher: Dispatcher): Promise<(args: Accumulate) => void> {
  const program = await dispatcher.compile(NAME, code, ['read', 'write']);
  return (args) => {
    const { count, intoOffset, fromOffset } = checkAccumulate(args);
    const { keep = 1, scale = 1 } = args;
    const storage = [dispatcher.bind(NAME, 'from', args.from), dispatcher.bind(NAME, 'into', args.into)];
    const params = { uints: [count, intoOffset, fromOffset, keep === 0 ? 1 : 0], floats: [keep, scale] };
    dispatcher.run(program, storage, params, Math.ceil(count / WORKGROUP_SIZE));
  };
}
