/** The prefixes of a session: values on the host, and on the device once they are used. */
import type { PrefixGeometry, PrefixValues, PreludeRecord } from '../adapters';
import type { DevicePrefix } from '../inference';
import type { Backend, DeviceTensor } from '../runtime';
import { bytesOfArray } from '../runtime';
import type { ModelSummary, PrefixListing, PrefixSummary } from './protocol';

/** Which model a prefix is for, whatever device it runs on. */
export interface PrefixOwner {
  readonly name: string;
  readonly key: string;
}

export function ownerOf({ name, fileBytes, layers, kvHeads, headDim }: ModelSummary): PrefixOwner {
  return { name, key: [name, fileBytes, layers, kvHeads, headDim].join(' ') };
}

export const geometryOf = ({ layers, kvHeads, headDim }: ModelSummary): PrefixGeometry => ({
  layers,
  kvHeads,
  headDim,
});

export interface StoredPrefix {
  readonly owner: PrefixOwner;
  readonly summary: PrefixSummary;
  readonly prefix: PrefixValues;
  readonly record: PreludeRecord;
}

export class PrefixShelf {
  private readonly stored = new Map<string, StoredPrefix>();
  private readonly onDevice = new Map<string, DeviceTensor>();
  private next = 1;

  newId(): string {
    return `prefix-${this.next++}`;
  }

  add(prefix: StoredPrefix): void {
    this.stored.set(prefix.summary.id, prefix);
  }

  get(id: string): StoredPrefix | undefined {
    return this.stored.get(id);
  }

  /** Those that are for this model, and the rest. */
  listing(user: PrefixOwner | null): PrefixListing {
    const all = [...this.stored.values()];
    const summaries = (usable: boolean) =>
      all.filter(({ owner }) => (owner.key === user?.key) === usable).map(({ summary }) => summary);
    return { usable: summaries(true), others: summaries(false) };
  }

  /** Uploaded on first use, so that switching afterwards is one copy on the device. */
  device(id: string, backend: Backend): DevicePrefix | null {
    const stored = this.stored.get(id);
    if (!stored) return null;
    const { values, length } = stored.prefix;
    const parameters = this.onDevice.get(id) ?? backend.upload('float32', [values.length], bytesOfArray(values));
    this.onDevice.set(id, parameters);
    return { parameters, length };
  }

  /** Leaves the device that goes; the values stay, for when the model comes back on this device or another. */
  release(backend: Backend): void {
    for (const tensor of this.onDevice.values()) backend.free(tensor);
    this.onDevice.clear();
  }
}
