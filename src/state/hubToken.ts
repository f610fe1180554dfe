/**
 * The access token of the hub, for this visit alone. It is put into a source only on its way to the engine, so that no
 * other store, link or file ever holds it.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { ModelSource, SerialisedError } from '../worker';

export interface HubToken {
  readonly store: StoreApi<{ readonly token: string }>;
  set(token: string): void;
  /** The source as the engine needs it. */
  attach(source: ModelSource): ModelSource;
}

export function createHubToken(): HubToken {
  const store = createStore<{ readonly token: string }>(() => ({ token: '' }));
  return {
    store,
    set: (token) => store.setState({ token: token.trim() }),
    attach: (source) => {
      const { token } = store.getState();
      return source.type === 'hub' && token !== '' ? { ...source, token } : source;
    },
  };
}

/**
 * Whether the hub asks who one is, and for what: `terms` where the owner's terms come first, `access` where the model may
 * be private. It answers so for a name that does not exist, too; which of the two it is, it does not tell. The error says
 * so in its field; its words may hold a name of anybody's choice.
 */
export function asksForToken(
  source: ModelSource | null,
  problem: SerialisedError | null,
): { readonly repo: string; readonly what: 'terms' | 'access' } | null {
  if (source?.type !== 'hub' || problem?.kind !== 'model') return null;
  const { field } = problem.where;
  if (field !== 'terms' && field !== 'token') return null;
  return { repo: source.repo, what: field === 'terms' ? 'terms' : 'access' };
}
