/** The prefixes of a session: values on the host, and on the device once they are used. */
import type { PrefixValues, PreludeRecord } from '../adapters';
import type { DevicePrefix } from '../inference';
import type { Backend, DeviceTensor } from '../runtime';
import { bytesOfArray } from '../runtime';
import type { PrefixSummary } from './protocol';

export interface StoredPrefix {
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

  summaries(): PrefixSummary[] {
    return [...this.stored.values()].map(({ summary }) => summary);
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

  /** The prefixes belong to a model: with it they go. */
  clear(backend: Backend): void {
    for (const tensor of this.onDevice.values()) backend.free(tensor);
    this.onDevice.clear();
    this.stored.clear();
  }
}
