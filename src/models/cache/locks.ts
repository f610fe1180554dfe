/** One writer at a time for a blob, over all tabs of this browser where it has Web Locks, else within this one. */

export interface Locks {
  /** What releases the lock; null where another one has it. */
  take(name: string): Promise<(() => void) | null>;
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
  };
}

export function localLocks(): Locks {
  const taken = new Set<string>();
  return {
    async take(name) {
      if (taken.has(name)) return null;
      taken.add(name);
      return () => taken.delete(name);
    },
  };
}
