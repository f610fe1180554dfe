/**
 * Runs in the page: kernels and ONNX Runtime by turns, on the device and the buffers of ONNX Runtime, without a copy to
 * the host between them.
 */
import * as ort from 'onnxruntime-web/webgpu';
import { createKernels } from '../../src/kernels';
import { writeModel } from '../../src/onnx';
import type { GpuTensor } from '../../src/runtime/backend';
import { readWords, toGpu } from './compare.page';

const dims = [32, 32];
const count = 32 * 32;

/** y = x · w · w · …, with more nodes than ONNX Runtime puts into one command buffer. */
function chain(length: number): Uint8Array {
  const info = (name: string) => ({ name, dataType: 'float32' as const, dims });
  const nodes = Array.from({ length }, (_, i) => ({
    name: `node ${i}`,
    opType: 'MatMul',
    domain: '',
    inputs: [i === 0 ? 'x' : `x${i}`, 'w'],
    outputs: [i === length - 1 ? 'y' : `x${i + 1}`],
    attributes: {},
  }));
  const graph = { name: 'chain', nodes, inputs: [info('x'), info('w')], outputs: [info('y')], initializers: new Map() };
  return writeModel({ irVersion: 10, opsets: { '': 17 }, producer: 'prelude', graph });
}

function asOrt({ buffer }: GpuTensor): ort.Tensor {
  return ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims });
}

export interface Interplay {
  /** The sum over all rounds, and what it should be, everywhere. */
  sum: number;
  expected: number;
  elementsThatDiffer: number;
  /** Fewest command buffers submitted when `run` has resolved, most submitted afterwards without a further call. */
  submitsByRun: number;
  submitsLate: number;
}

/**
 * Each round a kernel changes x, the graph turns x into y, a kernel adds y to the sum. `into` has the graph write to a
 * buffer of ours; otherwise ONNX Runtime allocates y, and gets it back while the kernel may not have run yet.
 */
export async function interplay(rounds: number, into: boolean): Promise<Interplay> {
  const options = { executionProviders: ['webgpu'], preferredOutputLocation: 'gpu-buffer' as const };
  const session = await ort.InferenceSession.create(chain(41), options);
  const device: GPUDevice = await ort.env.webgpu.device;
  const kernels = await createKernels({ kind: 'webgpu', device });

  const submit = device.queue.submit;
  let submits = 0;
  device.queue.submit = (buffers) => {
    submits++;
    return submit.call(device.queue, buffers);
  };

  const zeros = () => toGpu(device, dims, new Float32Array(count));
  const [x, y, sum] = [zeros(), zeros(), zeros()];
  const one = toGpu(device, dims, new Float32Array(count).fill(1));
  const identity = Float32Array.from({ length: count }, (_, i) => (i % 33 === 0 ? 1 : 0));
  const w = toGpu(device, dims, identity);
  const result: Interplay = { sum: 0, expected: 0, elementsThatDiffer: 0, submitsByRun: Infinity, submitsLate: 0 };
  for (let round = 1; round <= rounds; round++) {
    kernels.accumulate({ into: x, from: one });
    const before = submits;
    const outputs = await session.run({ x: asOrt(x), w: asOrt(w) }, into ? { y: asOrt(y) } : ['y']);
    const after = submits;
    const output = outputs.y as ort.Tensor;
    if (round % 4 === 0) await new Promise((resolve) => setTimeout(resolve));
    result.submitsByRun = Math.min(result.submitsByRun, after - before);
    result.submitsLate = Math.max(result.submitsLate, submits - after);
    const from: GpuTensor = { location: 'gpu', dataType: 'float32', dims, buffer: output.gpuBuffer as GPUBuffer };
    kernels.accumulate({ into: sum, from });
    if (!into) output.dispose();
    result.expected += round;
  }
  const values = new Float32Array((await readWords(device, sum)).buffer);
  result.sum = values[0] ?? 0;
  result.elementsThatDiffer = values.filter((value) => value !== result.expected).length;
  device.queue.submit = submit;
  kernels.dispose();
  await session.release();
  return result;
}
