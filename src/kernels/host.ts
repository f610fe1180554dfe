/**
 * The kernels for the wasm backend: the references, run at once on the typed arrays that hold its tensors. It is also the
 * oracle of the WGSL tests; it is not meant to be the fastest code a CPU could run.
 */
import { DeviceError } from '../errors';
import { float32ToFloat16 } from '../onnx';
import type { DeviceTensor, HostArray } from '../runtime/backend';
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
      if (args.out.dataType === 'float16') {
        const prefix = float32ToFloat16(floats(args.prefix));
        prefixConcatReference(sizes, prefix, args.cache && halves(args.cache), halves(args.out));
      } else {
        prefixConcatReference(sizes, floats(args.prefix), args.cache && floats(args.cache), floats(args.out));
      }
    },
    cacheAppend(args) {
      const sizes = checkCacheAppend(args);
      const counts = ints(args.counts);
      if (args.cache.dataType === 'float16') {
        cacheAppendReference(sizes, halves(args.rows), halves(args.cache), counts, halves(args.out));
      } else {
        cacheAppendReference(sizes, floats(args.rows), floats(args.cache), counts, floats(args.out));
      }
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

type HostArrayOf = new (...args: never[]) => HostArray;

function arrayOf<A extends HostArrayOf>(tensor: DeviceTensor, Kind: A): InstanceType<A> {
  if (tensor.location === 'host' && tensor.data instanceof Kind) return tensor.data as InstanceType<A>;
  throw new DeviceError(
    `A kernel on wasm was given a ${tensor.dataType} tensor [${tensor.dims.join(', ')}] on the GPU.`,
  );
}

const floats = (tensor: DeviceTensor): Float32Array => arrayOf(tensor, Float32Array);
const halves = (tensor: DeviceTensor): Uint16Array => arrayOf(tensor, Uint16Array);
const ints = (tensor: DeviceTensor): Int32Array => arrayOf(tensor, Int32Array);
