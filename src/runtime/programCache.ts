/**
 * The open programs of one decoder, by shape. A session keeps the memory of its largest run, so their number and their
 * memory, as estimated from the graphs, are bounded: the least recently used go first, never one that is running.
 */
import type { CompiledGraph, GraphCost } from '../autodiff';
import type { Program } from './program';

const MAX_PROGRAMS = 24;
/** Until a run says what it may take. */
const DEFAULT_MAX_BYTES = 2 ** 30;

interface Entry {
  readonly opening: Promise<Program>;
  readonly bytes: number;
  /** Null while it opens. */
  program: Program | null;
}

/** What a session holds beside the weights that it shares. */
export const workingBytes = ({ peakLiveBytes, inputBytes }: GraphCost): number => peakLiveBytes + inputBytes;

export class ProgramCache {
  /** In the order of last use. */
  private readonly entries = new Map<string, Entry>();
  private readonly costs = new Map<string, GraphCost>();
  private maxBytes = DEFAULT_MAX_BYTES;

  constructor(private readonly open: (graph: CompiledGraph) => Promise<Program>) {}

  get(key: string, build: () => CompiledGraph): Promise<Program> {
    const entry = this.entries.get(key) ?? this.add(key, build());
    // Deleted and set again: a Map's order is then the order of last use.
    this.entries.delete(key);
    this.entries.set(key, entry);
    this.evict();
    return entry.opening;
  }

  cost(key: string, build: () => CompiledGraph): GraphCost {
    const cost = this.costs.get(key) ?? build().cost;
    this.costs.set(key, cost);
    return cost;
  }

  /** Bounds the estimated memory of what is kept open; what is asked for is opened whatever it takes. */
  limit(bytes: number): void {
    this.maxBytes = bytes;
    this.evict();
  }

  /** Closes all programs, once they are idle. */
  async release(): Promise<void> {
    const entries = [...this.entries.values()];
    this.entries.clear();
    await Promise.all(entries.map(releaseEntry));
  }

  private add(key: string, graph: CompiledGraph): Entry {
    this.costs.set(key, graph.cost);
    const entry: Entry = { opening: this.open(graph), bytes: workingBytes(graph.cost), program: null };
    entry.opening.then(
      (program) => {
        entry.program = program;
      },
      () => {
        if (this.entries.get(key) === entry) this.entries.delete(key);
      },
    );
    return entry;
  }

  private evict(): void {
    let bytes = [...this.entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    // The last one is what was just asked for.
    for (const [key, entry] of [...this.entries].slice(0, -1)) {
      if (this.entries.size <= MAX_PROGRAMS && bytes <= this.maxBytes) return;
      // Who asked for a program that is still opening is about to run it.
      if (!entry.program || entry.program.isBusy) continue;
      this.entries.delete(key);
      bytes -= entry.bytes;
      void releaseEntry(entry);
    }
  }
}

/** One that could not be opened has nothing to release; a failing release is no concern of who runs other programs. */
const releaseEntry = ({ opening }: Entry): Promise<void> =>
  opening.then((program) => program.release()).catch(() => {});
