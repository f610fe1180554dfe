/**
 * The kernels for the wasm backend: the references, run at once on the typed arrays that hold its tensors. It is also the
 * oracle of the WGSL tests; it is not meant to be the fastest code a CPU could run.
 */
import { DeviceError } from '../errors';
import type { DeviceTensor } from '../runtime/backend';
import { accumulateReference } from './accumulate.reference';
import { adamwFactors, adamwReference } from './adamw.reference';
import { cacheAppendReference } from './cache_append.reference';
import { checkAccumulate, checkAdamW, checkCacheAppend, checkGradNorm, checkPrefixConcat } from './checks';
import { gradNormReference } from './grad_norm.reference';
import { prefixConcatReference } from './prefix_concat.reference';
import type { Kernels } from './types';

export function createHostKernels(): Kernels {
  return {
    prefixConcat(args) {
      const sizes = checkPrefixConcat(args);
      prefixConcatReference(sizes, floats(args.prefix), args.cache && floats(args.cache), floats(args.out));
    },
    cacheAppend(args) {
      const sizes = checkCacheAppend(args);
      cacheAppendReference(sizes, floats(args.rows), floats(args.cache), ints(args.lengths), ints(args.counts));
    },
    accumulate(args) {
      const sizes = checkAccumulate(args);
      accumulateReference(sizes, floats(args.into), floats(args.from), args.keep ?? 1, args.scale ?? 1);
    },
    gradNorm(args) {
      checkGradNorm(args);
      gradNormReference(floats(args.gradient), floats(args.norm));
    },
    adamw(args) {
      checkAdamW(args);
      const { parameters, gradient, m, v, norm } = args;
      const [normValue = Number.NaN] = floats(norm);
      adamwReference(adamwFactors(args), floats(parameters), floats(gradient), floats(m), floats(v), normValue);
    },
    batch(record) {
      record();
    },
    dispose() {},
  };
}

function floats(tensor: DeviceTensor): Float32Array {
  if (tensor.location === 'host' && tensor.data instanceof Float32Array) return tensor.data;
  throw new DeviceError(
    `A kernel on wasm was given a ${tensor.dataType} tensor [${tensor.dims.join(', ')}] on the GPU.`,
  );
}

function ints(tensor: DeviceTensor): Int32Array {
  if (tensor.location === 'host' && tensor.data instanceof Int32Array) return tensor.data;
  throw new DeviceError(
    `A kernel on wasm was given a ${tensor.dataType} tensor [${tensor.dims.join(', ')}] on the GPU.`,
  );
}
