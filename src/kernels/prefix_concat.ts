/** Host side of prefix_concat.wgsl. */
import { checkPrefixConcat, wordsOf } from './checks';
import type { Dispatcher } from './dispatch';
import { WORKGROUP_SIZE } from './dispatch';
import code from './prefix_concat.wgsl?raw';
import type { PrefixConcat } from './types';

const NAME = 'prefix_concat';

export async function createPrefixConcat(dispatcher: Dispatcher): Promise<(args: PrefixConcat) => void> {
  const compile = (half: boolean) => dispatcher.compile(NAME, code, ['read', 'read', 'write'], { HALF: Number(half) });
  const [words, halves] = await Promise.all([compile(false), compile(true)]);
  return (args) => {
    const { batch, heads, prefixLength, cacheLength, capacity, prefixOffset, ...sizes } = checkPrefixConcat(args);
    const headDim = wordsOf(args.out.dataType, sizes.headDim);
    const total = batch * heads * (prefixLength + cacheLength) * headDim;
    const program = args.out.dataType === 'float16' ? halves : words;
    const prefix = dispatcher.bind(NAME, 'prefix', args.prefix);
    // Without a cache the binding still needs a buffer; the kernel does not read it then.
    const cache = args.cache && cacheLength > 0 ? dispatcher.bind(NAME, 'cache', args.cache) : prefix;
    const out = dispatcher.bind(NAME, 'out', args.out);
    const uints = [total, heads, prefixLength, cacheLength, capacity, headDim, prefixOffset];
    dispatcher.run(program, [prefix, cache, out], { uints }, Math.ceil(total / WORKGROUP_SIZE));
  };
}
