/**
 * Where records are kept, as little as the store needs of it: tables of plain data by key. `indexedDbTables.ts` and
 * `memoryTables.ts` implement it; what the records mean is not theirs to know.
 */

/** Large and seldom read parts have tables of their own, so that listing runs reads no curves and no weights. */
export const TABLES = ['runs', 'curves', 'adapters', 'weights', 'sweeps', 'datasets', 'counters'] as const;
export type TableName = (typeof TABLES)[number];

export type Change =
  | { readonly type: 'put'; readonly table: TableName; readonly key: string; readonly value: unknown }
  /** Nothing happens where there is no such record. */
  | { readonly type: 'remove'; readonly table: TableName; readonly key: string };

export interface Tables {
  /** Memory is gone when the page closes. */
  readonly kind: 'indexeddb' | 'memory';
  /** undefined where there is nothing under this key. */
  get(table: TableName, key: string): Promise<unknown>;
  /** In the order of keys. */
  all(table: TableName): Promise<readonly { readonly key: string; readonly value: unknown }[]>;
  /**
   * All of the changes or, also when the browser crashes meanwhile, none.
   * @throws where there is no room; everything stays as it was then
   */
  write(changes: readonly Change[]): Promise<void>;
}
