/**
 * Runs compute pipelines on a GPUDevice that is shared with ONNX Runtime: compilation, uniforms, dispatch sizes, batches.
 * It knows no kernel in particular.
 *
 * Order against ONNX Runtime (1.30, tested in tests/kernels/onnxruntime.browser.test.ts): `session.run` with outputs on
 * the GPU submits all it recorded to the same queue before its promise resolves, later nothing, and does not wait for the
 * GPU. So no flush and no `onSubmittedWorkDone` is needed either way: what is submitted here before `run` is called is
 * read by it; what is submitted after `run` has *resolved* sees its outputs, even if these are disposed right afterwards.
 * Between call and resolution the order is undefined: await `run` first.
 *
 * Uniforms live in one small buffer of fixed slots. A slot is free again as soon as its commands are submitted, because
 * `writeBuffer` and `submit` take effect in the order of the calls; so nothing is allocated per call.
 */
import { DeviceError } from '../errors';
import { byteLengthOf } from '../onnx';
import type { DeviceTensor } from '../runtime/backend';

/** The `override WORKGROUP_SIZE` of every kernel; 256 is what each WebGPU device offers. */
export const WORKGROUP_SIZE = 256;
/** WebGPU's greatest `minUniformBufferOffsetAlignment`. */
const SLOT_BYTES = 256;
const SLOTS = 256;

export interface Program {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** The fields of the kernel's `Params`, in order: first those of type u32, then those of type f32. */
export interface Params {
  readonly uints: readonly number[];
  readonly floats?: readonly number[];
}

interface Recording {
  readonly encoder: GPUCommandEncoder;
  readonly pass: GPUComputePassEncoder;
  slots: number;
}

export class Dispatcher {
  private readonly uniforms: GPUBuffer;
  private readonly staging = new ArrayBuffer(SLOTS * SLOT_BYTES);
  private recording: Recording | undefined;
  private batching = false;

  constructor(private readonly device: GPUDevice) {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    this.uniforms = device.createBuffer({ label: 'kernel uniforms', size: SLOTS * SLOT_BYTES, usage });
  }

  /**
   * Compiles a kernel: `params` at binding 0, then `bindings` in order.
   * @throws DeviceError with the compiler's message.
   */
  async compile(
    label: string,
    code: string,
    bindings: readonly ('read' | 'write')[],
    constants: Record<string, number> = {},
  ): Promise<Program> {
    const { device } = this;
    const storage = bindings.map((access, index) => ({
      binding: index + 1,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
    }));
    const uniform = {
      binding: 0,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: 'uniform' as const, hasDynamicOffset: true },
    };
    const layout = device.createBindGroupLayout({ label, entries: [uniform, ...storage] });
    const module = device.createShaderModule({ label, code });
    try {
      const pipeline = await device.createComputePipelineAsync({
        label,
        layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
        compute: { module, constants: { WORKGROUP_SIZE, ...constants } },
      });
      return { label, pipeline, layout };
    } catch (cause) {
      const { messages } = await module.getCompilationInfo();
      const details = messages.map((it) => `line ${it.lineNum}: ${it.message}`).join('; ') || String(cause);
      throw new DeviceError(`The GPU refused kernel ${label}: ${details}`, {}, undefined, { cause });
    }
  }

  /** Queues `workgroups` workgroups (not invocations) of the program; none for 0. */
  run(program: Program, storage: readonly GPUBufferBinding[], params: Params, workgroups: number): void {
    if (workgroups === 0) return;
    if (this.recording?.slots === SLOTS) this.submit();
    this.recording ??= this.begin();
    const { pass } = this.recording;
    const offset = this.recording.slots++ * SLOT_BYTES;
    const { uints, floats = [] } = params;
    new Uint32Array(this.staging, offset, uints.length).set(uints);
    new Float32Array(this.staging, offset + 4 * uints.length, floats.length).set(floats);
    const uniform = { buffer: this.uniforms, size: 4 * (uints.length + floats.length) };
    const group = this.device.createBindGroup({
      label: program.label,
      layout: program.layout,
      entries: [uniform, ...storage].map((resource, binding) => ({ binding, resource })),
    });
    // One dimension holds 65535 workgroups; more are laid out in rows of equal width, which kernels flatten again.
    const rows = Math.ceil(workgroups / this.device.limits.maxComputeWorkgroupsPerDimension);
    pass.setPipeline(program.pipeline);
    pass.setBindGroup(0, group, [offset]);
    pass.dispatchWorkgroups(Math.ceil(workgroups / rows), rows);
    if (!this.batching) this.submit();
  }

  /** What `record` runs is submitted together, up to 256 dispatches at a time; the last of these not, if `record` throws. */
  batch(record: () => void): void {
    if (this.batching) {
      record();
      return;
    }
    this.batching = true;
    try {
      record();
      this.submit();
    } finally {
      this.recording = undefined;
      this.batching = false;
    }
  }

  /** A buffer of the kernels' own, `floats` numbers long. */
  createScratch(label: string, floats: number): GPUBuffer {
    return this.device.createBuffer({ label, size: 4 * floats, usage: GPUBufferUsage.STORAGE });
  }

  /** @throws DeviceError if the tensor is on the host, or its buffer too small or too large to bind. */
  bind(kernel: string, name: string, tensor: DeviceTensor): GPUBufferBinding {
    const shape = `${name} [${tensor.dims.join(', ')}]`;
    if (tensor.location !== 'gpu') throw new DeviceError(`Kernel ${kernel}: ${shape} is on the host, not on the GPU.`);
    // An empty tensor still binds something: WebGPU has no empty bindings.
    const size = Math.max(4, Math.ceil(byteLengthOf(tensor.dataType, tensor.dims) / 4) * 4);
    const limit = this.device.limits.maxStorageBufferBindingSize;
    if (size > tensor.buffer.size || size > limit) {
      const reason = size > limit ? `the device binds at most ${limit}` : `its buffer has ${tensor.buffer.size}`;
      throw new DeviceError(`Kernel ${kernel}: ${shape} needs ${size} bytes; ${reason}.`);
    }
    return { buffer: tensor.buffer, size };
  }

  dispose(): void {
    this.uniforms.destroy();
  }

  private begin(): Recording {
    const encoder = this.device.createCommandEncoder({ label: 'kernels' });
    return { encoder, pass: encoder.beginComputePass({ label: 'kernels' }), slots: 0 };
  }

  private submit(): void {
    if (!this.recording) return;
    const { encoder, pass, slots } = this.recording;
    this.recording = undefined;
    pass.end();
    this.device.queue.writeBuffer(this.uniforms, 0, this.staging, 0, slots * SLOT_BYTES);
    this.device.queue.submit([encoder.finish()]);
  }
}
