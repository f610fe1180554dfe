/** The records of one table, each in an envelope with the version of its form; parsed when they are read. */
import { z } from 'zod/mini';
import type { Change, TableName, Tables } from './tables';

const VERSION = 1;
const AnyEnvelope = z.looseObject({ version: z.number() });

export interface Listed<T> {
  readonly records: readonly T[];
  /** What could not be read, a sentence each. */
  readonly warnings: readonly string[];
}

export class RecordTable<T> {
  private readonly envelope;

  /** @param what a record of it is called, in warnings */
  constructor(
    private readonly tables: Tables,
    private readonly table: TableName,
    record: z.ZodMiniType<T>,
    private readonly what: string,
  ) {
    this.envelope = z.object({ version: z.literal(VERSION), record });
  }

  /** null where there is none, and where it cannot be read. */
  async get(key: string): Promise<T | null> {
    return this.envelope.safeParse(await this.tables.get(this.table, key)).data?.record ?? null;
  }

  /** What cannot be read is left out, and stays where it is: a newer page may know it. */
  async list(): Promise<Listed<T>> {
    const records: T[] = [];
    const warnings: string[] = [];
    for (const { key, value } of await this.tables.all(this.table)) {
      const parsed = this.envelope.safeParse(value);
      if (parsed.success) records.push(parsed.data.record);
      else warnings.push(this.warning(key, value, parsed.error.issues[0]?.path.join('.') ?? ''));
    }
    return { records, warnings };
  }

  put(key: string, record: T): Change {
    return { type: 'put', table: this.table, key, value: { version: VERSION, record } };
  }

  remove(key: string): Change {
    return { type: 'remove', table: this.table, key };
  }

  private warning(key: string, value: unknown, field: string): string {
    const version = AnyEnvelope.safeParse(value).data?.version ?? VERSION;
    const name = `A kept ${this.what} (${key})`;
    if (version > VERSION) return `${name} was written by a newer Prelude and is left out; reload the page to get it.`;
    return `${name} is damaged${field === '' ? '' : ` (${field})`} and is left out.`;
  }
}
