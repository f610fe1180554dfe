/**
 * Finds the GPU buffers that ONNX Runtime makes for a session's constants. ONNX Runtime 1.30 puts them on a list of things
 * to release later when the session ends, and never gets to it: 18 buffers for each graph of a 2-layer model, and for a
 * large vocabulary megabytes. So they are noted while the session opens, to be destroyed by us after its end.
 */

/** STORAGE | COPY_SRC | COPY_DST | INDIRECT: nobody but ONNX Runtime makes buffers for this mix of uses. */
const CONSTANT_USAGE = 0x80 | 0x04 | 0x08 | 0x100;

export interface Noted<T> {
  readonly result: T;
  readonly buffers: readonly GPUBuffer[];
}

/** Runs `open`, which must be the only user of ONNX Runtime meanwhile, and notes the buffers made for constants. */
export async function noteConstants<T>(device: GPUDevice, open: () => Promise<T>): Promise<Noted<T>> {
  const buffers: GPUBuffer[] = [];
  const create = device.createBuffer;
  device.createBuffer = (descriptor) => {
    const buffer = create.call(device, descriptor);
    if (descriptor.usage === CONSTANT_USAGE) buffers.push(buffer);
    return buffer;
  };
  try {
    return { result: await open(), buffers };
  } finally {
    device.createBuffer = create;
  }
}
