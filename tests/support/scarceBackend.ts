/** A wasm backend that has no room for some graphs: it refuses to run them, or to open them, as a device without memory. */
import { names } from '../../src/autodiff';
import { DeviceError } from '../../src/errors';
import { readModel } from '../../src/onnx';
import type { Session, WasmBackend } from '../../src/runtime';
import { once } from './fixtures';

export interface GraphSize {
  /** Rows of `input_ids`; 0 for graphs that read no text. */
  readonly batch: number;
  /** Whether it is a training graph, and one that recomputes. */
  readonly training: boolean;
  readonly recompute: boolean;
}

export interface Scarcity {
  /** Asked at each run (or once, when the graph is opened): true refuses. */
  readonly refuses: (graph: GraphSize) => boolean;
  readonly when?: 'running' | 'opening';
}

const noRoom = () => new DeviceError('std::bad_alloc', {}, undefined, { outOfMemory: true });

export function scarceBackend(backend: WasmBackend, { refuses, when = 'running' }: Scarcity): WasmBackend {
  return {
    ...backend,
    async createSession(model) {
      const graph = await sizeOf(model);
      if (when === 'opening' && refuses(graph)) throw noRoom();
      const session = await backend.createSession(model);
      const run: Session['run'] = async (feeds, into) => {
        if (when === 'running' && refuses(graph)) throw noRoom();
        return session.run(feeds, into);
      };
      return { run, release: () => session.release() };
    },
  };
}

async function sizeOf(model: Uint8Array): Promise<GraphSize> {
  const { inputs } = (await readModel(once(model), { onTensor: () => {} })).graph;
  const has = (name: string) => inputs.some((input) => input.name === name);
  const batch = inputs.find(({ name }) => name === names.ids)?.dims[0];
  return { batch: Number(batch ?? 0), training: has(names.trainable), recompute: has(names.zero) };
}
