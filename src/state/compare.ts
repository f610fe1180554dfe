/**
 * The same prompt several times over: the model alone, and the model with one adapter or another, column by column. One
 * after the other, because all run on one device and their tokens per second would otherwise divide each other.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { Engine, SamplingSettings } from '../worker';
import {
  type Column,
  EMPTY,
  fitted,
  isPending,
  isSame,
  MAX_COLUMNS,
  newColumn,
  nextSubject,
  type Subject,
  toned,
  withNewest,
} from './columns';
import { toProblem } from './problem';
import type { Schedule } from './schedule';
import { createBatcher } from './schedule';

export interface PromptExample {
  readonly line: number;
  readonly prompt: string;
  readonly target: string;
}

/** What every column is asked. */
interface Question {
  readonly prompt: string;
  readonly format: 'text' | 'chat';
  readonly sampling: SamplingSettings;
}

export interface CompareState extends Question {
  /** One to four, from left to right. */
  readonly columns: readonly Column[];
  readonly examples: readonly PromptExample[];
  /** The example whose text the prompt is, until it is edited. */
  readonly exampleIndex: number | null;
  /** What the columns were last asked: one that is written later answers the same, or nothing. */
  readonly asked: Question | null;
}

export interface Compare {
  readonly store: StoreApi<CompareState>;
  setPrompt(prompt: string): void;
  setFormat(format: CompareState['format']): void;
  setSampling(change: Partial<SamplingSettings>): void;
  /** A new dataset's examples; they fill the prompt unless the person wrote one. */
  offer(examples: readonly PromptExample[]): void;
  nextExample(): void;
  /** The adapters there are, oldest first: columns whose adapter has gone take the newest that no other shows. */
  setAdapters(ids: readonly string[]): void;
  /** Shows an adapter that was just made or brought, where it is not shown yet. */
  show(adapterId: string): void;
  /** Switches one column; where something is written in it, it is written anew, and the others stay. */
  choose(columnId: number, subject: Subject): void;
  addColumn(): void;
  removeColumn(columnId: number): void;
  run(): Promise<void>;
  stop(): void;
}

const DEFAULT_SAMPLING: SamplingSettings = { temperature: 0, topP: 1, maxTokens: 48, seed: 0 };

export function isWriting({ columns }: Pick<CompareState, 'columns'>): boolean {
  return columns.some(isPending);
}

/** Whether an adapter has shown what it does. */
export function hasCompared({ columns }: Pick<CompareState, 'columns'>): boolean {
  return columns.some(({ subject, output }) => subject.type === 'adapter' && output.status === 'done');
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
    columns: toned([newColumn(1, { type: 'model' }), newColumn(2, { type: 'none' })]),
    examples: [],
    exampleIndex: null,
    asked: null,
  }));
  let adapterIds: readonly string[] = [];
  let nextId = 3;
  /** The column that is being written; what arrives for one that is no longer this is dropped. */
  let writing: Column | null = null;
  let pumping = false;

  const setOutput = (id: number, change: Partial<Column['output']>) =>
    store.setState(({ columns }) => ({
      columns: columns.map((column) =>
        column.id === id ? { ...column, output: { ...column.output, ...change } } : column,
      ),
    }));
  const question = (): Question => {
    const { prompt, format, sampling } = store.getState();
    return { prompt, format, sampling };
  };
  const endText = (columnId: number) =>
    engine.stopGenerating().catch((thrown) => {
      setOutput(columnId, { status: 'failed', problem: toProblem(thrown) });
    });

  const write = async (column: Column, what: Question) => {
    const { id, subject } = column;
    const mine = () => writing === column;
    writing = column;
    setOutput(id, { ...EMPTY, status: 'writing' });
    let text = '';
    const batcher = createBatcher<string>((pieces) => {
      text += pieces.join('');
      if (mine()) setOutput(id, { text });
    }, schedule);
    try {
      const adapterId = subject.type === 'adapter' ? subject.id : null;
      const result = await engine.generate({ ...what, adapterId }, (piece) => batcher.push(piece));
      batcher.flush();
      if (mine()) setOutput(id, { status: 'done', text: result.text, result });
    } catch (thrown) {
      batcher.flush();
      if (mine()) setOutput(id, { status: 'failed', problem: toProblem(thrown) });
    }
    if (mine()) writing = null;
  };
  /** Writes what waits, from left to right; whatever comes to wait meanwhile has its turn, too. */
  const pump = async () => {
    if (pumping) return;
    pumping = true;
    for (;;) {
      const { columns, asked } = store.getState();
      const next = columns.find(({ output }) => output.status === 'waiting');
      if (next === undefined || asked === null) break;
      await write(next, asked);
    }
    pumping = false;
  };
  /** Puts columns in place of those there are. A text that is being written for a column that changed or went is ended. */
  const arrange = (columns: readonly Column[]) => {
    const { columns: before, asked } = store.getState();
    const isAsked = asked !== null && sameQuestion(asked, question());
    const wasWritten = before.some(({ output }) => output.status !== 'empty');
    const renewed = toned(columns).map((column) => {
      const old = before.find(({ id }) => id === column.id);
      if (old && isSame(old.subject, column.subject)) return column;
      const again = isAsked && wasWritten && column.subject.type !== 'none';
      return { ...column, output: again ? { ...EMPTY, status: 'waiting' as const } : EMPTY };
    });
    store.setState({ columns: renewed });
    const { id } = writing ?? {};
    if (id !== undefined && renewed.find((column) => column.id === id)?.output.status !== 'writing') {
      writing = null;
      void endText(id);
    }
    void pump();
  };

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
    setAdapters: (ids) => {
      adapterIds = ids;
      arrange(fitted(store.getState().columns, ids));
    },
    show: (adapterId) => arrange(withNewest(store.getState().columns, adapterId, () => nextId++)),
    choose: (columnId, subject) =>
      arrange(store.getState().columns.map((column) => (column.id === columnId ? { ...column, subject } : column))),
    addColumn: () => {
      const { columns } = store.getState();
      if (columns.length >= MAX_COLUMNS) return;
      const subject = nextSubject(columns, adapterIds);
      arrange([...columns, newColumn(nextId++, subject)]);
    },
    removeColumn: (columnId) => {
      const { columns } = store.getState();
      if (columns.length > 1) arrange(columns.filter(({ id }) => id !== columnId));
    },
    run: async () => {
      if (isWriting(store.getState())) return;
      store.setState(({ columns }) => ({
        asked: question(),
        columns: columns.map((column) => ({
          ...column,
          output: column.subject.type === 'none' ? EMPTY : { ...EMPTY, status: 'waiting' },
        })),
      }));
      await pump();
    },
    stop: () => {
      // The column that is being written ends with what it has; those that wait are called off.
      for (const { id, output } of store.getState().columns) if (output.status === 'waiting') setOutput(id, EMPTY);
      const { id } = writing ?? {};
      if (id !== undefined) void endText(id);
    },
  };
}

function sameQuestion(a: Question, b: Question): boolean {
  return a.prompt === b.prompt && a.format === b.format && a.sampling === b.sampling;
}
