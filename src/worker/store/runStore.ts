/**
 * Everything of the person's that survives a reload: runs with their curves, adapters, sweeps, and the datasets they were
 * made with. Whoever writes holds the lock of the store, over all tabs, and every write is whole or not done at all. A run
 * or sweep that is under way holds a lock of its own, so that one without it is known to have been cut off.
 */
import { z } from 'zod/mini';
import { DataError, DeviceError, PreludeError } from '../../errors';
import { type Locks, nameFor } from '../../models';
import type { KeptRun, RunCurve, RunListing } from '../runsProtocol';
import { DatasetRecord, type KeptDataset } from './datasetRecord';
import {
  AdapterRecord,
  CounterRecord,
  CurveRecord,
  type KeptAdapter,
  RunRecord,
  type StoredSweep,
  SweepRecord,
  WeightsRecord,
} from './records';
import { type Listed, RecordTable } from './recordTable';
import type { Change, Tables } from './tables';

const LOCK = 'store';
const underWay = (id: string): string => `under way ${id}`;

/** A run or sweep of whatever version: the dataset it needs must not be cleared. */
const UsesDataset = z.looseObject({ record: z.looseObject({ dataset: z.looseObject({ id: z.string() }) }) });

/** Objects with the same entries in another order are the same. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

export class RunStore {
  private readonly runTable: RecordTable<KeptRun>;
  private readonly curveTable: RecordTable<RunCurve>;
  private readonly adapterTable: RecordTable<KeptAdapter>;
  private readonly weightsTable;
  private readonly sweepTable: RecordTable<StoredSweep>;
  private readonly datasetTable: RecordTable<KeptDataset>;
  private readonly counterTable;
  /** Since the last write that succeeded. */
  private problem: PreludeError | null = null;
  private lastNumber = 0;

  constructor(
    private readonly tables: Tables,
    private readonly locks: Locks,
  ) {
    this.runTable = new RecordTable(tables, 'runs', RunRecord, 'run');
    this.curveTable = new RecordTable(tables, 'curves', CurveRecord, 'curve');
    this.adapterTable = new RecordTable(tables, 'adapters', AdapterRecord, 'adapter');
    this.weightsTable = new RecordTable(tables, 'weights', WeightsRecord, 'adapter');
    this.sweepTable = new RecordTable(tables, 'sweeps', SweepRecord, 'sweep');
    this.datasetTable = new RecordTable(tables, 'datasets', DatasetRecord, 'dataset');
    this.counterTable = new RecordTable(tables, 'counters', CounterRecord, 'counter');
  }

  /** Says that a run or sweep is under way here. @returns what ends that; null where it is under way in another tab */
  claim(id: string): Promise<(() => void) | null> {
    return this.locks.take(underWay(id));
  }

  isUnderWay(id: string): Promise<boolean> {
    return this.locks.isTaken(underWay(id));
  }

  /** For the name of something new; never given twice, in whatever tab. Where nothing can be written, this page counts alone. */
  async nextNumber(): Promise<number> {
    let number: number | null = null;
    const counted = this.change(async () => {
      const last = (await this.counterTable.get('numbers'))?.last ?? (await this.lastInUse());
      number = Math.max(this.lastNumber, last) + 1;
      return [this.counterTable.put('numbers', { last: number })];
    });
    await counted.catch(() => {});
    this.lastNumber = Math.max(this.lastNumber + 1, number ?? 0);
    return number ?? this.lastNumber;
  }

  async runs(): Promise<RunListing> {
    const { records, warnings } = await this.runTable.list();
    const unkept = this.problem === null ? [] : [`${this.problem.message} ${this.problem.hint ?? ''}`.trim()];
    const runs: KeptRun[] = [];
    for (const run of records) {
      const cut = run.ending === null && !(await this.isUnderWay(run.id));
      const message = `The page was closed at step ${run.step}, before the run had ended.`;
      runs.push(cut ? { ...run, ending: 'interrupted', message } : run);
    }
    return {
      runs: runs.sort((a, b) => a.begun - b.begun),
      warnings: [...warnings, ...unkept],
      storage: this.tables.kind,
    };
  }

  curve(runId: string): Promise<RunCurve | null> {
    return this.curveTable.get(runId);
  }

  /** The name under which a dataset is kept: the same for the same rows and options. */
  static datasetId({ rows, options }: KeptDataset): Promise<string> {
    return nameFor(canonicalJson([rows.rows, { ...options, reading: null }]));
  }

  /** A run that begins, with the dataset it is made with. */
  begin(run: KeptRun, curve: RunCurve, dataset: KeptDataset): Promise<void> {
    return this.change(async () => [
      this.datasetTable.put(run.dataset.id, dataset),
      this.runTable.put(run.id, run),
      this.curveTable.put(run.id, curve),
    ]);
  }

  /** How far it has come. A run that was renamed meanwhile keeps its name, one that was deleted stays so. */
  update(run: KeptRun, curve: RunCurve): Promise<void> {
    return this.change(async () => {
      const before = await this.runTable.get(run.id);
      if (before === null) return [];
      return [this.runTable.put(run.id, { ...run, name: before.name }), this.curveTable.put(run.id, curve)];
    });
  }

  rename(runId: string, name: string): Promise<void> {
    return this.change(async () => {
      const before = await this.runTable.get(runId);
      return before === null ? [] : [this.runTable.put(runId, { ...before, name })];
    });
  }

  /** With their curves and adapters. @returns the adapters. @throws DataError where a run is still under way */
  async removeRuns(ids: readonly string[]): Promise<string[]> {
    for (const id of ids) {
      if (await this.isUnderWay(id)) throw new DataError('This run is still under way.', {}, 'Stop it first.');
    }
    const gone = new Set(ids);
    let adapterIds: string[] = [];
    await this.change(async () => {
      const { records } = await this.adapterTable.list();
      adapterIds = records.flatMap(({ runId, summary }) => (runId !== null && gone.has(runId) ? [summary.id] : []));
      return [
        ...ids.flatMap((id) => [this.runTable.remove(id), this.curveTable.remove(id)]),
        ...adapterIds.flatMap((id) => this.withoutAdapter(id)),
        ...(await this.unusedDatasets(gone)),
      ];
    });
    return adapterIds;
  }

  /** Oldest first. */
  async adapters(): Promise<Listed<KeptAdapter>> {
    const { records, warnings } = await this.adapterTable.list();
    return { records: records.toSorted((a, b) => a.made - b.made), warnings };
  }

  adapter(id: string): Promise<KeptAdapter | null> {
    return this.adapterTable.get(id);
  }

  /** adapter_model.safetensors; null where it is gone. */
  async weights(adapterId: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return (await this.weightsTable.get(adapterId))?.bytes ?? null;
  }

  putAdapter(adapter: KeptAdapter, weights: Uint8Array<ArrayBuffer>): Promise<void> {
    const { id } = adapter.summary;
    return this.change(async () => [this.adapterTable.put(id, adapter), this.weightsTable.put(id, { bytes: weights })]);
  }

  renameAdapter(id: string, name: string): Promise<void> {
    return this.change(async () => {
      const before = await this.adapterTable.get(id);
      if (before === null) return [];
      return [this.adapterTable.put(id, { ...before, summary: { ...before.summary, name } })];
    });
  }

  /** The run it came of stays, without it. */
  removeAdapter(id: string): Promise<void> {
    return this.change(async () => {
      const { runId = null } = (await this.adapterTable.get(id)) ?? {};
      const run = runId === null ? null : await this.runTable.get(runId);
      return [...this.withoutAdapter(id), ...(run ? [this.runTable.put(run.id, { ...run, adapter: null })] : [])];
    });
  }

  sweeps(): Promise<Listed<StoredSweep>> {
    return this.sweepTable.list();
  }

  sweep(id: string): Promise<StoredSweep | null> {
    return this.sweepTable.get(id);
  }

  /** @param dataset where the sweep begins */
  putSweep(sweep: StoredSweep, dataset?: KeptDataset): Promise<void> {
    return this.change(async () => [
      this.sweepTable.put(sweep.id, sweep),
      ...(dataset ? [this.datasetTable.put(sweep.dataset.id, dataset)] : []),
    ]);
  }

  async removeSweep(id: string): Promise<void> {
    if (await this.isUnderWay(id)) throw new DataError('This sweep is still under way.', {}, 'Stop it first.');
    await this.change(async () => [this.sweepTable.remove(id), ...(await this.unusedDatasets(new Set([id])))]);
  }

  dataset(id: string): Promise<KeptDataset | null> {
    return this.datasetTable.get(id);
  }

  /** Where the counter is missing or cannot be read: what is kept must not be overwritten by what is new. */
  private async lastInUse(): Promise<number> {
    const tables = await Promise.all((['runs', 'adapters', 'sweeps'] as const).map((name) => this.tables.all(name)));
    return Math.max(0, ...tables.flat().map(({ key }) => Number(/-(\d+)$/.exec(key)?.[1] ?? 0)));
  }

  private withoutAdapter(id: string): Change[] {
    return [this.adapterTable.remove(id), this.weightsTable.remove(id)];
  }

  /** Once these runs or sweeps are gone. */
  private async unusedDatasets(gone: ReadonlySet<string>): Promise<Change[]> {
    const users = [...(await this.tables.all('runs')), ...(await this.tables.all('sweeps'))];
    const used = new Set<string>();
    const left = new Set<string>();
    for (const { key, value } of users) {
      const id = UsesDataset.safeParse(value).data?.record.dataset.id;
      if (id !== undefined) (gone.has(key) ? left : used).add(id);
    }
    return [...left].filter((id) => !used.has(id)).map((id) => this.datasetTable.remove(id));
  }

  private async change(changes: () => Promise<readonly Change[]>): Promise<void> {
    try {
      await this.locks.hold(LOCK, async () => {
        const list = await changes();
        await this.tables.write(list);
        // Nothing to write says nothing of whether it could be.
        if (list.length > 0) this.problem = null;
      });
    } catch (cause) {
      this.problem = writeError(cause);
      throw this.problem;
    }
  }
}

function writeError(cause: unknown): PreludeError {
  if (cause instanceof PreludeError) return cause;
  if (cause instanceof DOMException && cause.name === 'QuotaExceededError') {
    return new DeviceError(
      'This browser has no room left to keep runs and adapters.',
      {},
      'Delete runs or models that it keeps, or export what you need and free some of the disk.',
      { cause },
    );
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DeviceError(
    `This browser could not keep a run or adapter: ${reason}`,
    {},
    'What is on the page stays until it is closed: export what you need.',
    { cause },
  );
}
