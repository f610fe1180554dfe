/** The record of one model while it is open: which files were used, and when. Written before a file is read. */
import type { ModelCache } from './modelCache';
import type { CachedFile, ModelRecord } from './records';

export class CacheEntry {
  private constructor(
    private readonly cache: ModelCache,
    private readonly key: string,
    private record: ModelRecord,
  ) {}

  /** Opens or makes the record; contents that only an older version of this model needed are cleared. */
  static async open(cache: ModelCache, key: string, record: ModelRecord): Promise<CacheEntry> {
    const entry = new CacheEntry(cache, key, record);
    await entry.save();
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
    return this.cache.models.set(this.key, this.record);
  }
}
