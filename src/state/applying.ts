/**
 * An adapter's answers for a whole file: with which, on which file, how far it is, and the file that came out, which is
 * kept until the next so that it can be downloaded again.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { AdapterSummary, AppliedFile, DatasetFile, Engine, ExportedFile, SerialisedError } from '../worker';
import { toProblem } from './problem';

/** null as adapter: the model alone. */
export interface ApplyChoice {
  readonly adapterId: string | null;
}

export interface Application {
  readonly fileName: string;
  readonly stopping: boolean;
  /** null before the first rows. */
  readonly at: { readonly rows: number; readonly totalRows: number } | null;
}

export interface ApplyingState {
  /** null: the adapter that is chosen for export. */
  readonly choice: ApplyChoice | null;
  /** Per row, where the task writes. */
  readonly maxTokens: number;
  readonly working: Application | null;
  readonly done: AppliedFile | null;
  readonly problem: SerialisedError | null;
}

export interface Applying {
  readonly store: StoreApi<ApplyingState>;
  choose(choice: ApplyChoice): void;
  setMaxTokens(maxTokens: number): void;
  /** @param files one; a problem says so where there are more */
  apply(adapterId: string | null, files: readonly DatasetFile[]): Promise<void>;
  /** What was answered by then comes as the file. */
  stop(): void;
  downloadAgain(): void;
  dismissProblem(): void;
}

export function createApplying(engine: Engine, save: (file: ExportedFile) => void): Applying {
  const store = createStore<ApplyingState>(() => ({
    choice: null,
    maxTokens: 48,
    working: null,
    done: null,
    problem: null,
  }));
  let applied = 0;
  const change = (how: Partial<Application>) =>
    store.setState(({ working }) => ({ working: working && { ...working, ...how } }));

  return {
    store,
    choose: (choice) => store.setState({ choice }),
    setMaxTokens: (maxTokens) => store.setState({ maxTokens }),
    async apply(adapterId, files) {
      const { working, maxTokens } = store.getState();
      const [file] = files;
      if (working !== null || file === undefined) return;
      if (files.length > 1) {
        store.setState({ problem: tooMany(files.length) });
        return;
      }
      const name = file.path;
      store.setState({ working: { fileName: name, stopping: false, at: null }, done: null, problem: null });
      const source = { key: `applied-${++applied}`, name, files: [file] };
      try {
        const done = await engine.applyToFile({ adapterId, source, maxTokens }, ({ rows, totalRows }) =>
          change({ at: { rows, totalRows } }),
        );
        save(done.file);
        store.setState({ done });
      } catch (thrown) {
        store.setState({ problem: toProblem(thrown) });
      }
      store.setState({ working: null });
    },
    stop() {
      if (store.getState().working === null) return;
      change({ stopping: true });
      engine.stopEvaluating().catch((thrown) => store.setState({ problem: toProblem(thrown) }));
    },
    downloadAgain: () => {
      const { done } = store.getState();
      if (done !== null) save(done.file);
    },
    dismissProblem: () => store.setState({ problem: null }),
  };
}

const tooMany = (count: number): SerialisedError => ({
  kind: 'data',
  message: `${count} files were dropped, and one at a time is answered.`,
  where: {},
  hint: 'Drop one of them.',
});

/** With what a file is answered: what was chosen, as long as it is there; else the adapter of Export, else the newest. */
export function appliedWith(
  choice: ApplyChoice | null,
  exportedId: string | null,
  list: readonly Pick<AdapterSummary, 'id'>[],
): string | null {
  const has = (id: string | null) => list.some((adapter) => adapter.id === id);
  if (choice !== null && (choice.adapterId === null || has(choice.adapterId))) return choice.adapterId;
  return has(exportedId) ? exportedId : (list.at(-1)?.id ?? null);
}
