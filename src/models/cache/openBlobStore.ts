/** Chooses where this browser keeps bytes, by trying: not every place that is there can be written to. */
import type { BlobStore } from './blobStore';
import { cacheApiStore } from './cacheApiStore';
import { memoryStore } from './memoryStore';
import { opfsStore } from './opfsStore';

/** The best place this browser has. A place that is there but cannot be written (private windows) is passed over. */
export async function openBlobStore(): Promise<BlobStore> {
  for (const open of [opfsStore, cacheApiStore]) {
    try {
      const store = await open();
      // A name of its own: two tabs that open at once would lock each other's probe, and take different places.
      const probe = `probe-${crypto.randomUUID()}`;
      await store.write(probe, 'probe', Uint8Array.of(1));
      await store.removeFolder(probe);
      return store;
    } catch {
      // The next one.
    }
  }
  return memoryStore();
}
