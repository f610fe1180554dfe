/**
 * The adapters that were tuned, imported or joined: those of the loaded model ready to be used, all of them ready to be
 * taken away, and every one kept.
 */
import { describeFiles } from '../adapters';
import { AdapterError } from '../errors';
import type { DeviceAdapter } from '../inference';
import { exportStored, filesOf, importStored } from './adapterFiles';
import { composed } from './compose';
import { exportKept, identityOf, keepAdapter, keptElsewhere, keptFiles, restoreAdapters } from './keptAdapters';
import type { InUse } from './learned';
import type { ModelSeat } from './modelSeat';
import type { OpenModel } from './openModel';
import type { AdapterFileSummary, AdapterListing, AdapterSummary, ExportedFile } from './protocol';
import type { RunStore } from './store';
import { AdapterShelf, ownerOf, type StoredAdapter } from './storedAdapter';

const GONE = ['This adapter no longer exists.', {}, 'Tune or import one.'] as const;

export class AdapterLibrary {
  private readonly shelf = new AdapterShelf();

  constructor(
    private readonly seat: ModelSeat,
    private readonly store: Promise<RunStore>,
  ) {}

  /** Brings what was kept of a model that has just been loaded. */
  async restore(model: OpenModel): Promise<void> {
    await restoreAdapters(await this.store, this.shelf, model);
  }

  /** Leaves the device of a model that goes. */
  release(model: OpenModel): Promise<void> {
    return this.shelf.release(model.loaded);
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
    await this.forget([id]);
    await (await this.store).removeAdapter(id);
  }

  /** Adapters whose kept records are gone already. */
  async forget(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.shelf.remove(id);
    const model = await this.seat.present();
    // A text under way may still be reading with one of them.
    if (model) void this.seat.idle().then(() => this.shelf.sweep(model.loaded));
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

  /** An adapter on the device of the loaded model, which must be able to use it; null is the model alone. */
  async usable(id: string | null, model: OpenModel): Promise<DeviceAdapter | null> {
    if (id === null) return null;
    this.stored(id, model);
    if (model.original && model.untrainable) throw model.untrainable;
    return this.shelf.device(id, model);
  }

  async inUse(id: string): Promise<InUse> {
    const model = await this.seat.ready();
    const { adapter: values } = this.stored(id, model);
    const onDevice = await this.usable(id, model);
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
