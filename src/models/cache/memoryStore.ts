/** A store for where nothing else is allowed, and for tests: gone with the page, and small, since it costs memory. */
import type { BlobStore } from './blobStore';

const DEFAULT_ROOM_BYTES = 64 * 2 ** 20;

export function memoryStore(roomBytes = DEFAULT_ROOM_BYTES): BlobStore {
  const all = new Map<string, Map<string, Uint8Array<ArrayBuffer>>>();
  const used = () =>
    [...all.values()].flatMap((files) => [...files.values()]).reduce((sum, { length }) => sum + length, 0);
  return {
    kind: 'memory',
    async read(folder, name) {
      return all.get(folder)?.get(name)?.slice() ?? null;
    },
    async write(folder, name, bytes) {
      const before = all.get(folder)?.get(name)?.length ?? 0;
      if (used() - before + bytes.length > roomBytes)
        throw new DOMException('The memory store is full.', 'QuotaExceededError');
      const files = all.get(folder) ?? new Map<string, Uint8Array<ArrayBuffer>>();
      all.set(folder, files.set(name, bytes.slice()));
    },
    async names(folder) {
      return [...(all.get(folder)?.keys() ?? [])];
    },
    async folders(within) {
      return [...all.keys()].flatMap((folder) =>
        folder.startsWith(`${within}/`) ? [folder.slice(within.length + 1)] : [],
      );
    },
    async remove(folder, name) {
      all.get(folder)?.delete(name);
    },
    async removeFolder(folder) {
      for (const key of [...all.keys()]) if (key === folder || key.startsWith(`${folder}/`)) all.delete(key);
    },
  };
}
