/** The store of this browser: its database where it may be used, else memory. */
import { browserLocks } from '../../models';
import { indexedDbTables } from './indexedDbTables';
import { memoryTables } from './memoryTables';
import { RunStore } from './runStore';

export async function openRunStore(): Promise<RunStore> {
  // Private windows and strict settings refuse it, each with an error of its own.
  const tables = await indexedDbTables().catch(() => memoryTables());
  return new RunStore(tables, browserLocks());
}
