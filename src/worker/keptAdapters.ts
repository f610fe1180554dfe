/** Adapters on their way into the store and back: as PEFT's files, with what the page lists of them. */
import { exportAdapter, importAdapter } from '../adapters';
import { PreludeError } from '../errors';
import type { OpenModel } from './openModel';
import type { ModelSummary } from './protocol';
import type { ModelIdentity } from './runsProtocol';
import type { RunStore } from './store';
import { type AdapterShelf, ownerOf, type StoredAdapter } from './storedAdapter';

const WEIGHTS = 'adapter_model.safetensors';
/** The model card is for people; it is written anew on export. */
const CARD = 'README.md';

export const identityOf = ({ name, dtype, fileBytes }: ModelSummary): ModelIdentity => ({ name, dtype, fileBytes });

export const isSameModel = (a: ModelIdentity, b: ModelIdentity): boolean =>
  a.name === b.name && a.dtype === b.dtype && a.fileBytes === b.fileBytes;

/** @throws DeviceError where there is no room for it */
export async function keepAdapter(
  store: RunStore,
  { adapter, summary, record, owner }: StoredAdapter,
  model: ModelIdentity,
  runId: string | null,
): Promise<void> {
  const all = exportAdapter(adapter, { baseModel: owner.name, record });
  const text = all.filter(({ name }) => name !== WEIGHTS && name !== CARD);
  const files = Object.fromEntries(text.map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)]));
  const weights = all.find(({ name }) => name === WEIGHTS)?.bytes ?? new Uint8Array();
  await store.putAdapter({ summary, model, made: Date.now(), runId, files }, new Uint8Array(weights));
}

/** Puts the kept adapters of a model onto the shelf; one that cannot be read any more stays where it is. */
export async function restoreAdapters(store: RunStore, shelf: AdapterShelf, model: OpenModel): Promise<void> {
  const here = identityOf(model.summary);
  const { records } = await store.adapters();
  for (const { summary, model: of, files } of records.toSorted((a, b) => a.made - b.made)) {
    if (!isSameModel(of, here) || shelf.get(summary.id)) continue;
    const weights = await store.weights(summary.id);
    if (weights === null) continue;
    const text = Object.entries(files).map(([name, content]) => ({ name, bytes: new TextEncoder().encode(content) }));
    try {
      const { adapter, record } = importAdapter([...text, { name: WEIGHTS, bytes: weights }], model.geometry);
      shelf.add({ owner: ownerOf(model.summary), summary, adapter, record: { ...record, name: summary.name } });
    } catch (error) {
      if (!(error instanceof PreludeError)) throw error;
    }
  }
}
