/**
 * What the cache knows of models: which files make one up and under which name their content lies, and what a repository
 * offered when it was last asked. Read with Zod, since a crash may tear an entry, and another version may have written it.
 * No record has room for a token.
 */
import { z } from 'zod/mini';
import type { BlobStore } from './blobStore';

const size = z.nullable(z.int().check(z.nonnegative()));

const Source = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hub'), repo: z.string(), revision: z.string(), onnxPath: z.string() }),
  z.object({ type: z.literal('url'), url: z.string() }),
]);
const ModelRecord = z.object({
  name: z.string(),
  dtype: z.string(),
  onnxPath: z.string(),
  lastUsed: z.number(),
  source: Source,
  /** By path. `bytes` is null until the end of a file whose size the server does not tell. */
  files: z.record(z.string(), z.object({ blob: z.string(), bytes: size })),
});
const ListingRecord = z.object({
  commit: z.string(),
  files: z.array(z.object({ path: z.string(), bytes: z.int().check(z.nonnegative()), blob: z.string() })),
});

export type ModelRecord = z.infer<typeof ModelRecord>;
export type ListingRecord = z.infer<typeof ListingRecord>;
export type CachedFile = ModelRecord['files'][string];

/** Records of one kind, by key. */
export class Records<T> {
  private constructor(
    private readonly store: BlobStore,
    private readonly folder: string,
    private readonly parse: (value: unknown) => T | null,
  ) {}

  static models(store: BlobStore): Records<ModelRecord> {
    return new Records(store, 'models', (value) => z.safeParse(ModelRecord, value).data ?? null);
  }

  static listings(store: BlobStore): Records<ListingRecord> {
    return new Records(store, 'listings', (value) => z.safeParse(ListingRecord, value).data ?? null);
  }

  async get(key: string): Promise<T | null> {
    const bytes = await this.store.read(this.folder, key).catch(() => null);
    if (bytes === null) return null;
    try {
      return this.parse(JSON.parse(new TextDecoder().decode(bytes)));
    } catch {
      return null;
    }
  }

  /** Where there is no room for a record, there is none, or the one before. */
  async set(key: string, record: T): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(record));
    await this.store.write(this.folder, key, bytes).catch(() => {});
  }

  keys(): Promise<string[]> {
    return this.store.names(this.folder);
  }

  remove(key: string): Promise<void> {
    return this.store.remove(this.folder, key);
  }

  removeAll(): Promise<void> {
    return this.store.removeFolder(this.folder);
  }
}
