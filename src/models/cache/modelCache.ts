/**
 * The models this browser keeps: what is there of each, deleting them, and clearing contents that no model needs any more.
 * Contents are shared: two revisions with the same weights keep them once. What is needed, the records tell; so nobody
 * writes a record while contents are cleared.
 */
import type { ModelCacheSummary } from '../../worker/protocol';
import type { BlobStore } from './blobStore';
import { Blobs } from './blobs';
import type { Locks } from './locks';
import { type CachedFile, type ListingRecord, type ModelRecord, Records } from './records';

/** The lock around them. */
const RECORDS = 'records';

export class ModelCache {
  readonly blobs: Blobs;
  readonly models: Records<ModelRecord>;
  readonly listings: Records<ListingRecord>;

  constructor(
    private readonly store: BlobStore,
    readonly locks: Locks,
    chunkBytes?: number,
  ) {
    this.blobs = new Blobs(store, chunkBytes);
    this.models = Records.models(store);
    this.listings = Records.listings(store);
  }

  async summary(): Promise<ModelCacheSummary> {
    const stored = new Map<string, number>();
    const models: ModelCacheSummary['models'][number][] = [];
    for (const key of await this.models.keys()) {
      const record = await this.models.get(key);
      if (!record) continue;
      const { name, dtype, lastUsed, source, files } = record;
      let [bytes, complete] = [0, true];
      for (const file of Object.values(files)) {
        const there = await this.storedBytes(file);
        stored.set(file.blob, there);
        bytes += there;
        complete &&= there === file.bytes;
      }
      if (bytes > 0) models.push({ key, name, dtype, bytes, complete, lastUsed, source });
    }
    return {
      models: models.sort((a, b) => b.lastUsed - a.lastUsed),
      storage: this.store.kind,
      usedBytes: [...stored.values()].reduce((sum, bytes) => sum + bytes, 0),
      quotaBytes: await this.quota(),
    };
  }

  /** Where there is no room for the record, the one before stays. */
  keep(key: string, record: ModelRecord): Promise<void> {
    return this.locks.hold(RECORDS, () => this.models.set(key, record));
  }

  remove(key: string): Promise<void> {
    return this.locks.hold(RECORDS, async () => {
      await this.models.remove(key);
      await this.clearUnneeded();
    });
  }

  removeAll(): Promise<void> {
    return this.locks.hold(RECORDS, async () => {
      await this.models.removeAll();
      await this.listings.removeAll();
      await this.clearUnneeded();
    });
  }

  /** Removes contents that no model needs, except what is being written right now. */
  clear(): Promise<void> {
    return this.locks.hold(RECORDS, () => this.clearUnneeded());
  }

  private async clearUnneeded(): Promise<void> {
    const needed = new Set<string>();
    for (const key of await this.models.keys()) {
      const record = await this.models.get(key);
      // What its model needs is not known: it may be any of the contents.
      if (record === null) return;
      for (const { blob } of Object.values(record.files)) needed.add(blob);
    }
    for (const blob of await this.blobs.all()) {
      if (needed.has(blob)) continue;
      const release = await this.locks.take(blob);
      if (!release) continue;
      await this.blobs.remove(blob).finally(release);
    }
  }

  private async storedBytes({ blob, bytes }: CachedFile): Promise<number> {
    return bytes === null ? 0 : this.blobs.storedBytes(await this.blobs.present(blob), bytes);
  }

  private async quota(): Promise<number | null> {
    if (this.store.kind === 'memory') return null;
    const estimate = await navigator.storage?.estimate?.().catch(() => null);
    return estimate?.quota ?? null;
  }
}
