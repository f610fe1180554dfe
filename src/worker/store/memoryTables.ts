/** Tables for where nothing is stored: the command line, tests, and browsers whose settings forbid a database. */
import { TABLES, type Tables } from './tables';

export function memoryTables(): Tables {
  const tables = new Map(TABLES.map((table) => [table, new Map<string, unknown>()]));
  return {
    kind: 'memory',
    async get(table, key) {
      return structuredClone(tables.get(table)?.get(key));
    },
    async all(table) {
      const entries = [...(tables.get(table) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
      return entries.map(([key, value]) => ({ key, value: structuredClone(value) }));
    },
    async write(changes) {
      // Cloned first: what cannot be cloned leaves everything as it was.
      for (const change of structuredClone(changes)) {
        if (change.type === 'put') tables.get(change.table)?.set(change.key, change.value);
        else tables.get(change.table)?.delete(change.key);
      }
    },
  };
}
