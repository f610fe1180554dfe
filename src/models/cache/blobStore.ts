/**
 * Where bytes are kept in a browser, as little as a cache needs of it: small files in folders. `opfsStore.ts`,
 * `cacheApiStore.ts` and `memoryStore.ts` implement it; what the bytes mean is not theirs to know.
 */
import type { ModelCacheSummary } from '../../worker/protocol';

export interface BlobStore {
  readonly kind: ModelCacheSummary['storage'];
  /** null where there is nothing under this name. */
  read(folder: string, name: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /**
   * A crash may leave a torn entry: whoever reads it must be able to tell.
   * @throws where there is no room; what was there under this name stays then
   */
  write(folder: string, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Names in a folder, none where there is no such folder. */
  names(folder: string): Promise<string[]>;
  /** Folders directly within. */
  folders(within: string): Promise<string[]>;
  /** Nothing happens where there is no such entry. */
  remove(folder: string, name: string): Promise<void>;
  removeFolder(folder: string): Promise<void>;
}
