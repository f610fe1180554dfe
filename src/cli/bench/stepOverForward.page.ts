/** Runs in the page: a step over a forward pass on WebGPU, with one of the small decoders of the tests. */
import { createKernels } from '../../kernels';
import { createWebGpuBackend, LoadedDecoder } from '../../runtime';
import { type StepShape, type StepTimes, stepAndForward } from './stepOverForward';

/** @param address of an ONNX decoder */
export async function measure(
  address: string,
  vocabSize: number,
  shape: StepShape,
): Promise<StepTimes & { readonly device: string }> {
  const response = await fetch(address);
  if (!response.ok || !response.body) throw new Error(`${address}: ${response.status} ${response.statusText}`);
  const backend = await createWebGpuBackend();
  const kernels = await createKernels(backend);
  const loaded = await LoadedDecoder.load(backend, response.body, { file: address });
  try {
    const times = await stepAndForward(loaded, kernels, vocabSize, shape, { rounds: 7, warmUps: 2 });
    return { ...times, device: backend.description };
  } finally {
    kernels.dispose();
    await loaded.dispose();
    await backend.dispose();
  }
}
