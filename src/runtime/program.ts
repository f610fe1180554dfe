/** A compiled graph bound to its weights and opened as a session: what one calls with the inputs of the moment. */
import type { CompiledGraph } from '../autodiff';
import type { DeviceTensor, Session } from './backend';
import type { WeightStore } from './weightStore';

export class Program {
  private constructor(
    readonly graph: CompiledGraph,
    private readonly session: Session,
    private readonly bound: Readonly<Record<string, DeviceTensor>>,
  ) {}

  static async open(graph: CompiledGraph, store: WeightStore): Promise<Program> {
    const bound = await store.derive(graph);
    for (const { input, view } of graph.weights) bound[input] = store.view(view);
    return new Program(graph, await store.backend.createSession(graph.model), bound);
  }

  /** @see Session.run */
  run(
    feeds: Readonly<Record<string, DeviceTensor>>,
    into?: Readonly<Record<string, DeviceTensor>>,
  ): Promise<Record<string, DeviceTensor>> {
    return this.session.run({ ...this.bound, ...feeds }, into);
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
