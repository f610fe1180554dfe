/**
 * The models this browser keeps. A deletion waits a moment before it is carried out, since what was fetched for minutes
 * cannot be brought back at a click; until then it can be undone.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { CachedModel, Engine, ModelCacheSummary, ModelSource, SerialisedError } from '../worker';
import type { ModelState } from './model';
import { modelAddress } from './modelAddress';
import { toProblem } from './problem';
import type { Delay } from './schedule';

export interface ModelCacheState {
  /** null until the engine has looked. */
  readonly summary: ModelCacheSummary | null;
  /** About to be deleted. */
  readonly leaving: readonly CachedModel[];
  readonly problem: SerialisedError | null;
}

export interface ModelCache {
  readonly store: StoreApi<ModelCacheState>;
  refresh(): Promise<void>;
  /** Deletes these after the delay; an earlier deletion that still waits is carried out at once. */
  remove(models: readonly CachedModel[]): void;
  undo(): void;
}

export function createModelCache(engine: Engine, delay: Delay): ModelCache {
  const store = createStore<ModelCacheState>(() => ({ summary: null, leaving: [], problem: null }));
  let cancel: (() => void) | null = null;

  const refresh = async () => {
    try {
      store.setState({ summary: await engine.cachedModels() });
    } catch (thrown) {
      store.setState({ problem: toProblem(thrown) });
    }
  };
  const carryOut = async () => {
    const { leaving, summary } = store.getState();
    cancel?.();
    cancel = null;
    if (leaving.length === 0) return;
    const staying = summary?.models.filter(({ key }) => !leaving.some((model) => model.key === key)) ?? [];
    // Gone from the list at once: the engine's own list comes later.
    store.setState({ leaving: [], ...(summary && { summary: without(summary, leaving) }) });
    try {
      if (staying.length === 0 && leaving.length > 1) await engine.deleteCachedModels();
      else for (const { key } of leaving) await engine.deleteCachedModel(key);
    } catch (thrown) {
      store.setState({ problem: toProblem(thrown) });
    }
    await refresh();
  };
  return {
    store,
    refresh,
    remove: (models) => {
      void carryOut();
      store.setState({ leaving: models, problem: null });
      cancel = delay(() => void carryOut());
    },
    undo: () => {
      cancel?.();
      cancel = null;
      store.setState({ leaving: [] });
    },
  };
}

/** What is listed: all but those about to be deleted. */
export function keptModels({ summary, leaving }: ModelCacheState): readonly CachedModel[] {
  return summary?.models.filter(({ key }) => !leaving.some((model) => model.key === key)) ?? [];
}

/** What tells two kept models of one name apart: the revision, where it is not the main branch. */
export function keptName({ name, source }: CachedModel): string {
  return (source.type === 'hub' && modelAddress(source)) || name;
}

/** What the page does with a kept model; null: nothing. */
export function keptUse(
  { source, dtype }: CachedModel,
  { source: present, phase }: ModelState,
): 'arriving' | 'in use' | null {
  if (!isSameGraph(source, present)) return null;
  if (phase.status === 'loading') return 'arriving';
  return phase.status === 'ready' && phase.summary.dtype === dtype ? 'in use' : null;
}

/** A source that names no graph may stand for any of its repository. */
function isSameGraph(a: ModelSource, b: ModelSource): boolean {
  const address = modelAddress(a);
  if (address === null || a.type !== b.type || address !== modelAddress(b)) return false;
  if (a.type !== 'hub' || b.type !== 'hub') return true;
  return a.onnxPath === undefined || b.onnxPath === undefined || a.onnxPath === b.onnxPath;
}

function without(summary: ModelCacheSummary, gone: readonly CachedModel[]): ModelCacheSummary {
  const models = summary.models.filter(({ key }) => !gone.some((model) => model.key === key));
  const bytes = gone.reduce((sum, model) => sum + model.bytes, 0);
  return { ...summary, models, usedBytes: Math.max(0, summary.usedBytes - bytes) };
}
