/** Host side of cache_append.wgsl. */
import code from './cache_append.wgsl?raw';
import { checkCacheAppend, wordsOf } from './checks';
import type { Dispatcher } from './dispatch';
import { WORKGROUP_SIZE } from './dispatch';
import type { CacheAppend } from './types';

const NAME = 'cache_append';

export async function createCacheAppend(dispatcher: Dispatcher): Promise<(args: CacheAppend) => void> {
  const program = await dispatcher.compile(NAME, code, ['read', 'read', 'read', 'write']);
  return (args) => {
    const { batch, heads, newLength, capacity, ...sizes } = checkCacheAppend(args);
    const headDim = wordsOf(args.cache.dataType, sizes.headDim);
    const total = batch * heads * capacity * headDim;
    const storage = [
      dispatcher.bind(NAME, 'rows', args.rows),
      dispatcher.bind(NAME, 'cache', args.cache),
      dispatcher.bind(NAME, 'counts', args.counts),
      dispatcher.bind(NAME, 'out', args.out),
    ];
    const uints = [total, heads, newLength, capacity, headDim];
    dispatcher.run(program, storage, { uints }, Math.ceil(total / WORKGROUP_SIZE));
  };
}
