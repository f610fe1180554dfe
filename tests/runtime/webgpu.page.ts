/** Runs in the page: compiled graphs on ONNX Runtime's WebGPU provider, from fixtures that Vite serves. */
import { names, prefixSize } from '../../src/autodiff';
import { GraphBuilder } from '../../src/autodiff/builder';
import { compile } from '../../src/autodiff/compiled';
import { Ops } from '../../src/autodiff/ops';
import { CASE_FILES } from '../../src/cli/gradientCase';
import { checkGradients, type GradientErrors } from '../../src/cli/gradientCheck';
import {
  bytesOfArray,
  createWebGpuBackend,
  isOutOfMemory,
  LoadedDecoder,
  readFloats,
  type WebGpuBackend,
} from '../../src/runtime';
import type { DeviceTensor, LiveCounts } from '../../src/runtime/backend';
import { loadOrt } from '../../src/runtime/ortModule';
import { loweredCases } from '../autodiff/loweredCases';
import { ruleCases } from '../autodiff/ruleCases';
import { buildRuleGraph, openRule } from '../autodiff/ruleGraph';
import { newOps, webgpuTarget } from '../support/graphs';
import { prefixTraining } from '../support/prefixes';
import { floats, int32s, int64s, runProgram } from '../support/run';

const shape = { batch: 2, tokens: 6, prefix: 4, rows: 3 };

let opened: Promise<WebGpuBackend> | undefined;
function backendOf(): Promise<WebGpuBackend> {
  opened ??= createWebGpuBackend();
  return opened;
}

async function bytesOf(name: string, file: string): Promise<Uint8Array> {
  const response = await fetch(`/tests/fixtures/${name}/${file}`);
  if (!response.ok) throw new Error(`${name}/${file}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const load = async (backend: WebGpuBackend, name: string) =>
  LoadedDecoder.load(backend, once(await bytesOf(name, CASE_FILES.model)));

export async function golden(name: string, recompute = false): Promise<{ errors: GradientErrors; live: LiveCounts }> {
  const backend = await backendOf();
  const [model, description, golden] = await Promise.all([
    bytesOf(name, CASE_FILES.model),
    bytesOf(name, CASE_FILES.description),
    bytesOf(name, CASE_FILES.golden),
  ]);
  const files = { model, description: new TextDecoder().decode(description), golden };
  return { errors: await checkGradients(backend, files, { recompute }), live: backend.live() };
}

/** Runs a graph with a tensor that is larger than any buffer of the device, and then a small one. */
export async function tooLarge(): Promise<{
  readonly refused: boolean;
  readonly message: string;
  readonly after: number;
}> {
  const backend = await backendOf();
  const copies = async (size: number): Promise<number> => {
    const ops = newOps(webgpuTarget);
    const x = ops.builder.input('x', 'float32', [1]);
    const { model } = compile(ops.builder, { y: ops.reduce('ReduceSum', ops.exp(ops.expand(x, [size])), [0]) });
    const session = await backend.createSession(model);
    const feed = backend.allocate('float32', [1]);
    try {
      const { y } = await session.run({ x: feed });
      const [sum] = await readFloats(backend, y);
      if (y) backend.free(y);
      return sum as number;
    } finally {
      backend.free(feed);
      await session.release();
    }
  };
  const { maxBufferSize } = backend.device.limits;
  const error = await copies(maxBufferSize / 4 + 1024).catch((thrown: unknown) => thrown);
  return {
    refused: isOutOfMemory(error),
    message: error instanceof Error ? error.message : String(error),
    after: await copies(2),
  };
}

async function trainOnce(backend: WebGpuBackend, loaded: LoadedDecoder): Promise<Float32Array> {
  const size = prefixSize(loaded.decoder, shape.prefix);
  const outputs = await runProgram(backend, await prefixTraining(loaded, shape), {
    [names.trainable]: floats([size], new Float32Array(size).fill(0.1)),
    [names.ids]: int64s([2, 6], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    [names.rows]: int64s([3], [2, 4, 9]),
    [names.labels]: int32s([3], [5, 6, 7]),
    [names.weights]: floats([3], Float32Array.of(0.5, 0.25, 0.25)),
  });
  return outputs[names.gradient] as Float32Array;
}

export interface BufferCounts {
  /** Buffers of the device that were created and not destroyed, after each cycle: ours and ONNX Runtime's. */
  readonly alive: readonly number[];
  /** Buffers alive while the model was loaded, most of all cycles. */
  readonly loaded: number;
  /** What the backend itself says is alive at the end. */
  readonly live: LiveCounts;
}

/** Loads a model, trains a step, unloads it; `cycles` times, counting every buffer of the device. */
export async function bufferCycles(name: string, cycles: number): Promise<BufferCounts> {
  const backend = await backendOf();
  const { device } = backend;
  const [create, destroyed] = [device.createBuffer, new WeakSet<GPUBuffer>()];
  let count = 0;
  device.createBuffer = (descriptor) => {
    const buffer = create.call(device, descriptor);
    const destroy = buffer.destroy;
    count++;
    buffer.destroy = () => {
      if (!destroyed.has(buffer)) count--;
      destroyed.add(buffer);
      return destroy.call(buffer);
    };
    return buffer;
  };
  const alive: number[] = [];
  let loadedCount = 0;
  for (let cycle = 0; cycle < cycles; cycle++) {
    const loaded = await load(backend, name);
    await trainOnce(backend, loaded);
    loadedCount = Math.max(loadedCount, count);
    await loaded.dispose();
    await device.queue.onSubmittedWorkDone();
    alive.push(count);
  }
  device.createBuffer = create;
  return { alive, loaded: loadedCount, live: backend.live() };
}

/** Opens our graphs with the CPU forbidden; the message of the first that is refused, else null. */
export async function needsCpu(name: string, which: 'all' | 'training'): Promise<string | null> {
  const backend = await backendOf();
  const ort = await loadOrt('webgpu', 1);
  const loaded = await load(backend, name);
  const forward = { batch: 2, tokens: 6, cache: 8, rows: 3, newKeyValues: true } as const;
  const programs = [await prefixTraining(loaded, shape)];
  if (which === 'all') {
    programs.push(await loaded.forward({ ...forward, layout: 'ragged', head: 'logits' }));
    programs.push(await loaded.forward({ ...forward, layout: 'dense', head: 'losses' }));
  }
  try {
    for (const { graph } of programs) {
      const session = await ort.InferenceSession.create(graph.model, {
        executionProviders: ['webgpu'],
        extra: { session: { disable_cpu_ep_fallback: '1', disable_quant_qdq: '1' } },
      });
      await session.release();
    }
    return null;
  } catch (error) {
    return String(error);
  } finally {
    await loaded.dispose();
  }
}

/** Outputs and gradients of every line of ruleCases.ts and loweredCases.ts, as plain numbers. */
export async function ruleOutputs(): Promise<Record<string, number[]>[]> {
  const backend = await backendOf();
  const all: Record<string, number[]>[] = [];
  for (const [i, rule] of [...ruleCases, ...loweredCases].entries()) {
    const open = await openRule(backend, buildRuleGraph(rule, webgpuTarget, i + 1));
    const outputs = await open.run();
    all.push(Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, [...values]])));
    await open.close();
  }
  return all;
}

/**
 * Runs a graph that fails at its last node, a Split into more parts than a shader binds, and then another one.
 * @returns the message of the failure, and what the other graph makes of 3
 */
export async function runAfterFailure(): Promise<{ failure: string; doubled: number }> {
  const backend = await backendOf();
  const parts = backend.device.limits.maxStorageBuffersPerShaderStage;
  const failing = new Ops(new GraphBuilder({ ...webgpuTarget, maxParts: parts }));
  const x = failing.builder.input('x', 'float32', [parts]);
  const split = failing.split(failing.exp(failing.exp(x)), 0, new Array(parts).fill(1));
  const graph = compile(failing.builder, Object.fromEntries(split.map((part, i) => [`part${i}`, part])));
  const session = await backend.createSession(graph.model);
  const fed = backend.upload('float32', [parts], new Uint8Array(4 * parts));
  let failure = '';
  await session.run({ x: fed }).catch((error) => {
    failure = String(error);
  });
  backend.free(fed);

  const other = newOps(webgpuTarget);
  const y = other.scale(other.builder.input('x', 'float32', [1]), 2);
  const working = await backend.createSession(compile(other.builder, { y }).model);
  const three = backend.upload('float32', [1], bytesOfArray(Float32Array.of(3)));
  const result = await working.run({ x: three });
  const [doubled] = await readFloats(backend, result.y);
  for (const tensor of [three, ...Object.values(result)]) backend.free(tensor);
  await session.release();
  await working.release();
  return { failure, doubled: doubled ?? Number.NaN };
}

/**
 * Runs a program that has run before with an input that the device had no room for.
 * @returns what it said, and what the program makes of a good input afterwards
 */
export async function withoutRoom(): Promise<{ outOfMemory: boolean; message: string; after: number }> {
  const backend = await backendOf();
  const ops = newOps(webgpuTarget);
  const count = 2 ** 20;
  const x = ops.builder.input('x', 'float32', [count]);
  const session = await backend.createSession(
    compile(ops.builder, { y: ops.reduce('ReduceMax', ops.exp(x), [0]) }).model,
  );
  const run = async (fed: DeviceTensor) => {
    const outputs = await session.run({ x: fed });
    const [value] = await readFloats(backend, outputs.y);
    for (const tensor of Object.values(outputs)) backend.free(tensor);
    return value ?? Number.NaN;
  };
  const good = backend.allocate('float32', [count]);
  await run(good);
  // A buffer beyond the device's limit is as void as one that memory did not suffice for.
  const huge = backend.allocate('uint8', [backend.device.limits.maxBufferSize + 16]);
  const failure: unknown = await run({ ...huge, dataType: 'float32', dims: [count] }).catch((error) => error);
  const after = await run(good);
  for (const tensor of [good, huge]) backend.free(tensor);
  await session.release();
  return { outOfMemory: isOutOfMemory(failure), message: String(failure), after };
}

/** The refusals a person may meet: what the backend says of a graph that is none, and of an output of another shape. */
export async function refusals(): Promise<string[]> {
  const backend = await backendOf();
  const messages: string[] = [];
  const note = (error: unknown) =>
    messages.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  await backend.createSession(Uint8Array.of(1, 2, 3)).catch(note);
  const loaded = await load(backend, 'llama_q4');
  const program = await prefixTraining(loaded, shape);
  const wrong = backend.allocate('float32', [2]);
  const uploads = program.graph.inputs.map(
    ({ name, dataType, dims }) => [name, backend.allocate(dataType, dims)] as const,
  );
  await program.run(Object.fromEntries(uploads), { [names.loss]: wrong }).catch(note);
  await program.run({}).catch(note);
  for (const [, tensor] of uploads) backend.free(tensor);
  backend.free(wrong);
  await loaded.dispose();
  messages.push(JSON.stringify(backend.live()));
  return messages;
}
