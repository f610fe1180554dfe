/** One writer at a time for a blob or for the records, over all tabs of this browser where it has Web Locks, else here. */

export interface Locks {
  /** What releases the lock; null where another one has it. */
  take(name: string): Promise<(() => void) | null>;
  isTaken(name: string): Promise<boolean>;
  /** Does the work when nobody else has the lock any more. */
  hold<T>(name: string, work: () => Promise<T>): Promise<T>;
}

export function browserLocks(): Locks {
  return globalThis.navigator?.locks ? webLocks(navigator.locks) : localLocks();
}

function webLocks(manager: LockManager): Locks {
  return {
    take: (name) =>
      new Promise((resolve, reject) => {
        manager
          .request(`prelude ${name}`, { ifAvailable: true }, (lock) => {
            if (lock === null) return resolve(null);
            // The lock is held until this promise settles.
            return new Promise<void>((release) => resolve(release));
          })
          .catch(reject);
      }),
    isTaken: async (name) => (await manager.query()).held?.some((lock) => lock.name === `prelude ${name}`) ?? false,
    hold: async (name, work) => await manager.request(`prelude ${name}`, work),
  };
}

export function localLocks(): Locks {
  const taken = new Set<string>();
  const queues = new Map<string, Promise<unknown>>();
  return {
    async take(name) {
      if (taken.has(name)) return null;
      taken.add(name);
      return () => taken.delete(name);
    },
    isTaken: async (name) => taken.has(name),
    hold(name, work) {
      const turn = (queues.get(name) ?? Promise.resolve()).then(work);
      queues.set(
        name,
        turn.catch(() => {}),
      );
      return turn;
    },
  };
}
