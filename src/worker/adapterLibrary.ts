/**
 * The adapters that were tuned, imported or joined: those of the loaded model ready to be used, all of them ready to be
 * taken away, and every one kept.
 */
import { describeFiles } from '../adapters';
import { AdapterError } from '../errors';
import type { DeviceAdapter } from '../inference';
import { exportStored, filesOf, importStored } from './adapterFiles';
import { checkRoom } from './checkSettings';
import { composed } from './compose';
import { serialiseError } from './errors';
import { exportKept, identityOf, keepAdapter, keptElsewhere, keptFiles, restoreAdapters } from './keptAdapters';
import type { InUse } from './learned';
import type { ModelSeat } from './modelSeat';
import type { OpenModel } from './openModel';
import type { PreparedDataset } from './preparedDataset';
import type { AdapterFileSummary, AdapterListing, AdapterSummary, ExportedFile } from './protocol';
import type { RunStore } from './store';
import { AdapterShelf, ownerOf, type StoredAdapter } from './storedAdapter';

const GONE = ['This adapter no longer exists.', {}, 'Tune or import one.'] as const;

export class AdapterLibrary {
  private readonly shelf = new AdapterShelf();
  /** What works with adapters on the device right now. */
  private readonly readers = new Set<Promise<unknown>>();
  private unrestored: string | null = null;

  constructor(
    private readonly seat: ModelSeat,
    private readonly store: Promise<RunStore>,
  ) {}

  /** Brings what was kept of a model that has just been loaded; where that fails, the model is there all the same. */
  async restore(model: OpenModel): Promise<void> {
    this.unrestored = null;
    try {
      await restoreAdapters(await this.store, this.shelf, model);
    } catch (error) {
      const { message } = serialiseError(error);
      this.unrestored = `The adapters kept for ${model.summary.name} could not be read: ${message} Load the model again to try once more.`;
    }
  }

  /** What could not be brought back, a sentence each. */
  get warnings(): readonly string[] {
    return this.unrestored === null ? [] : [this.unrestored];
  }

  /** Leaves the device of a model that goes. */
  release(): Promise<void> {
    return this.shelf.release();
  }

  add(stored: StoredAdapter): void {
    this.shelf.add(stored);
  }

  async listing(): Promise<AdapterListing> {
    const model = await this.seat.present();
    const { usable, others } = this.shelf.listing(model && ownerOf(model));
    return { usable, others: [...(await keptElsewhere(await this.store, this.shelf)), ...others] };
  }

  async rename(id: string, name: string): Promise<void> {
    const store = await this.store;
    if ((await store.adapter(id)) === null) this.stored(id);
    this.shelf.rename(id, name);
    await store.renameAdapter(id, name);
  }

  async remove(id: string): Promise<void> {
    await (await this.store).removeAdapter(id);
    this.forget([id]);
  }

  /** Adapters whose kept records are gone already. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.shelf.remove(id);
    // A text under way may still be reading with one of them; a run does not.
    const unread = Promise.allSettled([...this.readers]);
    void this.seat.whileUsed(unread.then(() => this.shelf.sweep()));
  }

  async compose(firstId: string, secondId: string): Promise<AdapterSummary> {
    const model = await this.seat.ready();
    const [first, second] = [this.stored(firstId, model), this.stored(secondId, model)];
    return this.shelve(composed(first, second, await this.newId()), model);
  }

  async import(files: readonly File[]): Promise<AdapterSummary> {
    const model = await this.seat.ready();
    return this.shelve(await importStored(files, ownerOf(model), await this.newId()), model);
  }

  async describe(id: string): Promise<AdapterFileSummary> {
    const kept = this.shelf.get(id) ? null : await keptFiles(await this.store, id);
    return describeFiles(kept?.files ?? filesOf(this.stored(id)));
  }

  async export(id: string, format: 'zip' | 'safetensors'): Promise<ExportedFile> {
    const kept = this.shelf.get(id) ? null : await exportKept(await this.store, id, format);
    return kept ?? exportStored(this.stored(id), format);
  }

  /**
   * @param user the loaded model, where it is to use the adapter
   * @throws AdapterError where there is no such adapter, or it is another model's
   */
  stored(id: string, user?: OpenModel): StoredAdapter {
    const stored = this.shelf.get(id);
    if (!stored) throw new AdapterError(...GONE);
    const { key, name } = stored.owner;
    if (!user || key === ownerOf(user).key) return stored;
    throw new AdapterError(`This adapter is for ${name}.`, {}, `Load ${name} to use it.`);
  }

  /** Work that brings adapters to the device and reads with them: the model stays, and what is removed meanwhile, too. */
  async whileRead<T>(work: (model: OpenModel) => Promise<T>): Promise<T> {
    const reading = work(await this.seat.ready());
    this.readers.add(reading);
    return this.seat.whileUsed(reading).finally(() => this.readers.delete(reading));
  }

  /**
   * An adapter on the device of the loaded model, which must be able to use it; null is the model alone.
   * @param dataset whose rows are to be read with it
   * @throws DataError where the rows do not fit behind its virtual tokens
   */
  async usable(id: string | null, model: OpenModel, dataset?: PreparedDataset): Promise<DeviceAdapter | null> {
    if (id === null) return null;
    const { adapter } = this.stored(id, model);
    if (model.original && model.untrainable) throw model.untrainable;
    if (dataset) checkRoom(adapter, model.config.contextLength, dataset.summary.longestTokens);
    return this.shelf.device(id, model);
  }

  async inUse(id: string, model: OpenModel, dataset?: PreparedDataset): Promise<InUse> {
    const { adapter: values } = this.stored(id, model);
    const onDevice = await this.usable(id, model, dataset);
    if (!onDevice) throw new AdapterError(...GONE);
    return { model, values, onDevice };
  }

  private async newId(): Promise<string> {
    return `adapter-${await (await this.store).nextNumber()}`;
  }

  /** It is there for this visit even where it cannot be kept; the listing of runs tells of that. */
  private async shelve(stored: StoredAdapter, { summary }: OpenModel): Promise<AdapterSummary> {
    this.shelf.add(stored);
    await keepAdapter(await this.store, stored, identityOf(summary), null).catch(() => {});
    return stored.summary;
  }
}
