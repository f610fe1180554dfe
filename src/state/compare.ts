/**
 * The same prompt twice: the model alone, then the model with a prefix. One after the other, because both run on one
 * device and their tokens per second would otherwise halve each other.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { Engine, GenerateResult, SamplingSettings, SerialisedError } from '../worker';
import { toProblem } from './problem';
import type { Schedule } from './schedule';
import { createBatcher } from './schedule';

export type Side = 'base' | 'tuned';

const SIDES: readonly Side[] = ['base', 'tuned'];

export interface Output {
  readonly status: 'empty' | 'waiting' | 'writing' | 'done' | 'failed';
  readonly text: string;
  readonly result: GenerateResult | null;
  readonly problem: SerialisedError | null;
}

export interface PromptExample {
  readonly line: number;
  readonly prompt: string;
  readonly target: string;
}

export interface CompareState {
  readonly prompt: string;
  readonly format: 'text' | 'chat';
  readonly sampling: SamplingSettings;
  readonly adapterId: string | null;
  readonly base: Output;
  readonly tuned: Output;
  readonly examples: readonly PromptExample[];
  /** The example whose text the prompt is, until it is edited. */
  readonly exampleIndex: number | null;
}

export interface Compare {
  readonly store: StoreApi<CompareState>;
  setPrompt(prompt: string): void;
  setFormat(format: CompareState['format']): void;
  setSampling(change: Partial<SamplingSettings>): void;
  /** A new dataset's examples; they fill the prompt unless the person wrote one. */
  offer(examples: readonly PromptExample[]): void;
  nextExample(): void;
  /** Switches the prefix; where its side has been written before, it is written anew. */
  selectPrefix(id: string | null): void;
  run(): Promise<void>;
  stop(): void;
}

const DEFAULT_SAMPLING: SamplingSettings = { temperature: 0, topP: 1, maxTokens: 48, seed: 0 };
const EMPTY: Output = { status: 'empty', text: '', result: null, problem: null };

export function isWriting({ base, tuned }: Pick<CompareState, Side>): boolean {
  return [base, tuned].some(({ status }) => status === 'writing' || status === 'waiting');
}

/** The expected answer, as long as the prompt is an example's. */
export function expectedAnswer({ examples, exampleIndex }: CompareState): string | null {
  return exampleIndex === null ? null : (examples[exampleIndex]?.target ?? null);
}

export function createCompare(engine: Engine, schedule: Schedule, prompt: string | null): Compare {
  const store = createStore<CompareState>(() => ({
    prompt: prompt ?? '',
    format: 'text',
    sampling: DEFAULT_SAMPLING,
    adapterId: null,
    base: EMPTY,
    tuned: EMPTY,
    examples: [],
    exampleIndex: null,
  }));
  const setSide = (side: Side, change: Partial<Output>) =>
    store.setState((state) => ({ [side]: { ...state[side], ...change } }));
  /** Rises with every run; what belongs to an older one is dropped. */
  let turn = 0;

  const write = async (side: Side, mine: number) => {
    const { prompt, format, sampling, adapterId } = store.getState();
    setSide(side, { ...EMPTY, status: 'writing' });
    const batcher = createBatcher<string>((pieces) => {
      if (mine === turn) setSide(side, { text: store.getState()[side].text + pieces.join('') });
    }, schedule);
    try {
      const request = { prompt, format, sampling, adapterId: side === 'base' ? null : adapterId };
      const result = await engine.generate(request, (piece) => batcher.push(piece));
      batcher.flush();
      if (mine === turn) setSide(side, { status: 'done', text: result.text, result });
    } catch (thrown) {
      batcher.flush();
      if (mine === turn) setSide(side, { status: 'failed', problem: toProblem(thrown) });
    }
  };
  const runSides = async (sides: readonly Side[]) => {
    const mine = ++turn;
    for (const side of sides) setSide(side, { ...EMPTY, status: 'waiting' });
    for (const side of sides) if (mine === turn && store.getState()[side].status === 'waiting') await write(side, mine);
  };
  const sidesToWrite = (): Side[] => (store.getState().adapterId === null ? ['base'] : ['base', 'tuned']);

  return {
    store,
    setPrompt: (prompt) => store.setState({ prompt, exampleIndex: null }),
    setFormat: (format) => store.setState({ format }),
    setSampling: (change) => store.setState(({ sampling }) => ({ sampling: { ...sampling, ...change } })),
    offer: (examples) => {
      const { prompt, exampleIndex } = store.getState();
      const untouched = prompt === '' || exampleIndex !== null;
      const first = examples[0];
      store.setState({
        examples,
        ...(untouched && first ? { prompt: first.prompt, exampleIndex: 0 } : { exampleIndex: null }),
      });
    },
    nextExample: () => {
      const { examples, exampleIndex } = store.getState();
      const index = exampleIndex === null ? 0 : (exampleIndex + 1) % Math.max(1, examples.length);
      const example = examples[index];
      if (example) store.setState({ prompt: example.prompt, exampleIndex: index });
    },
    selectPrefix: (id) => {
      const state = store.getState();
      if (id === state.adapterId) return;
      const rewrite = id !== null && state.tuned.status === 'done' && !isWriting(state);
      store.setState({ adapterId: id, ...(!isWriting(state) && { tuned: EMPTY }) });
      if (rewrite) void runSides(['tuned']);
    },
    run: async () => {
      if (!isWriting(store.getState())) await runSides(sidesToWrite());
    },
    stop: () => {
      const before = store.getState();
      // The side that is being written ends with what it has; the one that waits is called off.
      for (const side of SIDES) if (before[side].status === 'waiting') setSide(side, EMPTY);
      engine.stopGenerating().catch((thrown) => {
        setSide(before.base.status === 'writing' ? 'base' : 'tuned', { status: 'failed', problem: toProblem(thrown) });
      });
    },
  };
}
