/** Everything of the person's that survives a reload. */

export type { KeptDataset } from './datasetRecord';
export { memoryTables } from './memoryTables';
export { openRunStore } from './openStore';
export type { StoredSweep } from './records';
export { RunKeeper } from './runKeeper';
export { RunStore } from './runStore';
