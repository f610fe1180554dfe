/** The record of one model while it is open: which files were used, and when. Written before a file is read. */
import type { ModelCache } from './modelCache';
import type { CachedFile, ModelRecord } from './records';

/** By so much, the time of the last use may be behind. */
const LAST_USED_MS = 60_000;

export class CacheEntry {
  private constructor(
    private readonly cache: ModelCache,
    private readonly key: string,
    private record: ModelRecord,
  ) {}

  /** Opens or makes the record; contents that only an older version of this model needed are cleared. */
  static async open(cache: ModelCache, key: string, record: ModelRecord): Promise<CacheEntry> {
    const entry = new CacheEntry(cache, key, record);
    const before = await cache.models.get(key);
    if (before === null || !isAsGood(before, record)) await entry.save();
    await cache.clear().catch(() => {});
    return entry;
  }

  file(path: string): CachedFile | null {
    return this.record.files[path] ?? null;
  }

  async remember(path: string, file: CachedFile): Promise<void> {
    const before = this.file(path);
    if (before?.blob === file.blob && before.bytes === file.bytes) return;
    this.record = { ...this.record, files: { ...this.record.files, [path]: file } };
    await this.save();
  }

  private save(): Promise<void> {
    return this.cache.keep(this.key, this.record);
  }
}

/** Whether it tells the same, so that writing the new one, which may fail, gains nothing. */
function isAsGood(before: ModelRecord, now: ModelRecord): boolean {
  const sameTime = now.lastUsed - before.lastUsed < LAST_USED_MS;
  // In the order of the schema; another order costs a write.
  return sameTime && JSON.stringify({ ...before, lastUsed: now.lastUsed }) === JSON.stringify(now);
}
