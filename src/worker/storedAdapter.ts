/** The adapters of a session: values on the host, and on the device once they are used. */
import type { ModelGeometry, PreludeRecord } from '../adapters';
import { adapterOf, type DeviceAdapter, type OwnedAdapter } from '../inference';
import { bytesOfArray, type DeviceTensor, type LoadedDecoder } from '../runtime';
import { type AdapterValues, graftOf, type TunableModel } from '../tuning';
import type { OpenModel } from './openModel';
import type { AdapterListing, AdapterSummary } from './protocol';

/** Which model an adapter is for, whatever device it runs on. */
export interface AdapterOwner {
  readonly name: string;
  readonly key: string;
  readonly geometry: ModelGeometry;
}

export function ownerOf({ summary, geometry }: Pick<OpenModel, 'summary' | 'geometry'>): AdapterOwner {
  const { name, fileBytes, layers, kvHeads, headDim } = summary;
  return { name, key: [name, fileBytes, layers, kvHeads, headDim].join(' '), geometry };
}

export interface StoredAdapter {
  readonly owner: AdapterOwner;
  readonly summary: AdapterSummary;
  readonly adapter: AdapterValues;
  readonly record: PreludeRecord;
}

interface OnDevice {
  readonly loaded: LoadedDecoder;
  readonly trainable: DeviceTensor;
  readonly owned: Promise<OwnedAdapter>;
}

export class AdapterShelf {
  private readonly stored = new Map<string, StoredAdapter>();
  private readonly onDevice = new Map<string, OnDevice>();
  private readonly removed = new Set<string>();

  add(stored: StoredAdapter): void {
    this.stored.set(stored.summary.id, stored);
  }

  /** What was kept comes back, unless it was removed while it was read. */
  restore(stored: StoredAdapter): void {
    if (!this.removed.has(stored.summary.id)) this.add(stored);
  }

  get(id: string): StoredAdapter | undefined {
    return this.stored.get(id);
  }

  rename(id: string, name: string): void {
    const stored = this.stored.get(id);
    if (!stored) return;
    const { summary, record } = stored;
    this.stored.set(id, { ...stored, summary: { ...summary, name }, record: { ...record, name } });
  }

  /** Its numbers stay on the device until `sweep`. */
  remove(id: string): void {
    this.stored.delete(id);
    this.removed.add(id);
  }

  /** Frees what removed adapters hold on the device. */
  async sweep(): Promise<void> {
    for (const id of [...this.onDevice.keys()]) if (!this.stored.has(id)) await this.leaveDevice(id);
  }

  /** Those that are for this model, and the rest. */
  listing(user: AdapterOwner | null): AdapterListing {
    const all = [...this.stored.values()];
    const summaries = (usable: boolean) =>
      all.filter(({ owner }) => (owner.key === user?.key) === usable).map(({ summary }) => summary);
    return { usable: summaries(true), others: summaries(false) };
  }

  /** Uploaded and encoded on first use, so that switching afterwards moves nothing but pointers and one copy on the device. */
  async device(id: string, model: TunableModel): Promise<DeviceAdapter | null> {
    const stored = this.stored.get(id);
    if (!stored) return null;
    const entry = this.onDevice.get(id) ?? this.bring(id, stored.adapter, model);
    return (await entry.owned).adapter;
  }

  private bring(id: string, adapter: AdapterValues, model: TunableModel): OnDevice {
    const { loaded } = model;
    const graft = graftOf(model, adapter);
    const { values } = adapter;
    const trainable = loaded.backend.upload('float32', [values.length], bytesOfArray(values));
    const owned = adapterOf(loaded, graft, { trainable, frozen: null });
    const entry = { loaded, trainable, owned };
    this.onDevice.set(id, entry);
    owned.catch(() => {
      this.onDevice.delete(id);
      loaded.backend.free(trainable);
    });
    return entry;
  }

  private async leaveDevice(id: string): Promise<void> {
    const entry = this.onDevice.get(id);
    if (!entry) return;
    this.onDevice.delete(id);
    const owned = await entry.owned.catch(() => null);
    if (!owned) return;
    owned.dispose();
    entry.loaded.backend.free(entry.trainable);
  }

  /** Leaves the device that goes; the values stay, for when the model comes back on this device or another. */
  async release(): Promise<void> {
    for (const id of [...this.onDevice.keys()]) await this.leaveDevice(id);
  }
}
