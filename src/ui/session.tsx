/**
 * The thin React binding: the session from a context, one hook per store. Selectors return parts of the state, so that a
 * component is drawn again only when its part changes.
 */
import type { ReactNode } from 'react';
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { StoreApi } from 'zustand/vanilla';
import type { Session } from '../state';

const SessionContext = createContext<Session | null>(null);

export function SessionProvider({ session, children }: { session: Session; children: ReactNode }) {
  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('useSession needs a SessionProvider above it');
  return session;
}

type StoreName = {
  [K in keyof Session]: Session[K] extends { readonly store: StoreApi<infer _> } ? K : never;
}[keyof Session];
type StateOf<K extends StoreName> = Session[K] extends { readonly store: StoreApi<infer S> } ? S : never;

/** e.g. `usePart('model', ({ phase }) => phase)`. */
export function usePart<K extends StoreName, T>(name: K, select: (state: StateOf<K>) => T): T {
  const store = useSession()[name].store as unknown as StoreApi<StateOf<K>>;
  return useStore(store, select);
}
