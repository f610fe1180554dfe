/** What both backends share: creating an ONNX Runtime session and turning its refusals into errors a person can read. */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { DeviceError } from '../errors';
import type { BackendKind, DeviceTensor } from './backend';
import type { OrtModule } from './ortModule';
import { LOWER_MEMORY, saysOutOfMemory } from './outOfMemory';

/** A session has a level of its own, which `env.logLevel` does not set. */
const ERRORS_ONLY = 3;

/**
 * The graphs are ours, and say where weights are dequantised. ONNX Runtime's rewriting of (De)QuantizeLinear would move it:
 * below a Slice of 4-bit numbers, for one, which no provider can run.
 */
const AS_WRITTEN = { session: { disable_quant_qdq: '1' } };

export async function openSession(
  ort: OrtModule,
  kind: BackendKind,
  model: Uint8Array,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, { ...options, logSeverityLevel: ERRORS_ONLY, extra: AS_WRITTEN });
  } catch (cause) {
    const message = messageOf(cause);
    if (saysOutOfMemory(message)) throw noRoom(kind, message, cause);
    throw new DeviceError(
      `ONNX Runtime (${kind}) refuses the graph: ${message}`,
      {},
      kind === 'webgpu' ? 'Choose the wasm device in the header; it supports every operator.' : undefined,
      { cause },
    );
  }
}

export function runFailure(kind: BackendKind, cause: unknown): DeviceError {
  const message = messageOf(cause);
  if (saysOutOfMemory(message)) return noRoom(kind, message, cause);
  return new DeviceError(`ONNX Runtime (${kind}) failed while running: ${message}`, {}, undefined, { cause });
}

const noRoom = (kind: BackendKind, message: string, cause: unknown): DeviceError =>
  new DeviceError(`ONNX Runtime (${kind}) ran out of memory: ${message}`, {}, LOWER_MEMORY, {
    cause,
    outOfMemory: true,
  });

/** The tensors of a session's inputs, each made by `wrap` from what the caller feeds. */
export function inputsOf(
  session: InferenceSession,
  feeds: Readonly<Record<string, DeviceTensor>>,
  wrap: (tensor: DeviceTensor) => Tensor,
): Record<string, Tensor> {
  const inputs: Record<string, Tensor> = {};
  for (const name of session.inputNames) {
    const feed = feeds[name];
    if (!feed) throw new DeviceError(`The graph's input ${name} was not given.`, { field: name });
    inputs[name] = wrap(feed);
  }
  return inputs;
}

/** @throws DeviceError if an output does not have the type and shape of the tensor it is to be written to */
export function checkTarget(name: string, target: DeviceTensor, dataType: string, dims: readonly number[]): void {
  if (target.dataType === dataType && target.dims.join() === dims.join()) return;
  throw new DeviceError(`Output ${name} is ${dataType} [${dims.join(', ')}], not ${describeTensor(target)}.`);
}

export const describeTensor = ({ dataType, dims }: DeviceTensor): string => `${dataType} [${dims.join(', ')}]`;

function messageOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/\s+/g, ' ').slice(0, 600);
}
