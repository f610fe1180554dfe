/** The browser's database as tables. What is put is structured-cloned, so bytes need no encoding. */
import { type IDBPDatabase, openDB } from 'idb';
import { TABLES, type Tables } from './tables';

const VERSION = 1;

/** @throws where this browser has no database, or its settings forbid one */
export async function indexedDbTables(name = 'prelude'): Promise<Tables> {
  let database: Promise<IDBPDatabase> | null = null;
  // Opened again after the browser closed it, or after this tab made way for a newer version in another.
  const open = (): Promise<IDBPDatabase> => {
    if (database) return database;
    const opening = openDB(name, VERSION, {
      upgrade: (db) => {
        for (const table of TABLES) db.createObjectStore(table);
      },
      blocking: () => {
        void database?.then((db) => db.close());
        database = null;
      },
      terminated: () => {
        database = null;
      },
    });
    database = opening;
    // One that failed is forgotten, so that the next call tries anew.
    opening.catch(() => {
      if (database === opening) database = null;
    });
    return opening;
  };
  await open();
  return {
    kind: 'indexeddb',
    async get(table, key) {
      return (await open()).get(table, key);
    },
    async all(table) {
      const { store } = (await open()).transaction(table);
      const [keys, values] = await Promise.all([store.getAllKeys(), store.getAll()]);
      return keys.map((key, index) => ({ key: String(key), value: values[index] }));
    },
    async write(changes) {
      if (changes.length === 0) return;
      // Cloned first: a value that cannot be would fail alone, and the rest be written.
      const cloned = structuredClone(changes);
      const tables = new Set(cloned.map(({ table }) => table));
      const transaction = (await open()).transaction([...tables], 'readwrite');
      const requests = cloned.map((change) => {
        const store = transaction.objectStore(change.table);
        return change.type === 'put' ? store.put(change.value, change.key) : store.delete(change.key);
      });
      await Promise.all([...requests, transaction.done]);
    },
  };
}
