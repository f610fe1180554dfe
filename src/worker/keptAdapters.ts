/**
 * Adapters on their way into the store and back: as PEFT's files, with what the page lists of them. The files can be handed
 * out at any time; numbers are made of them when their model is loaded, since only then it is known whether they fit.
 */
import { importAdapter, renameFiles } from '../adapters';
import { PreludeError } from '../errors';
import { filesOf, packFiles } from './adapterFiles';
import type { OpenModel } from './openModel';
import type { AdapterSummary, ExportedFile, ModelSummary } from './protocol';
import type { ModelIdentity } from './runsProtocol';
import type { RunStore } from './store';
import { type AdapterShelf, ownerOf, type StoredAdapter } from './storedAdapter';

const WEIGHTS = 'adapter_model.safetensors';

export const identityOf = ({ name, dtype, fileBytes }: ModelSummary): ModelIdentity => ({ name, dtype, fileBytes });

export const isSameModel = (a: ModelIdentity, b: ModelIdentity): boolean =>
  a.name === b.name && a.dtype === b.dtype && a.fileBytes === b.fileBytes;

/** @throws DeviceError where there is no room for it */
export async function keepAdapter(
  store: RunStore,
  stored: StoredAdapter,
  model: ModelIdentity,
  runId: string | null,
): Promise<void> {
  const all = filesOf(stored);
  const weights = all.find(({ name }) => name === WEIGHTS)?.bytes ?? new Uint8Array();
  const text = all.filter(({ name }) => name !== WEIGHTS);
  const files = Object.fromEntries(text.map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)]));
  await store.putAdapter({ summary: stored.summary, model, made: Date.now(), runId, files }, new Uint8Array(weights));
}

/** Puts the kept adapters of a model onto the shelf; one that cannot be read any more stays where it is. */
export async function restoreAdapters(store: RunStore, shelf: AdapterShelf, model: OpenModel): Promise<void> {
  const here = identityOf(model.summary);
  const { records } = await store.adapters();
  for (const { summary, model: of } of records) {
    if (!isSameModel(of, here) || shelf.get(summary.id)) continue;
    try {
      const kept = await keptFiles(store, summary.id);
      if (kept === null) continue;
      const { adapter, record } = importAdapter(kept.files, model.geometry);
      shelf.restore({ owner: ownerOf(model), summary, adapter, record: { ...record, name: summary.name } });
    } catch (error) {
      if (!(error instanceof PreludeError)) throw error;
    }
  }
}

/** Those of models that were not loaded on this visit. */
export async function keptElsewhere(store: RunStore, shelf: AdapterShelf): Promise<readonly AdapterSummary[]> {
  const { records } = await store.adapters();
  return records.flatMap(({ summary }) => (shelf.get(summary.id) ? [] : [summary]));
}

/** As they would leave, under the present name; null where there is no such adapter. */
export async function keptFiles(
  store: RunStore,
  id: string,
): Promise<{ readonly name: string; readonly files: readonly ExportedFile[] } | null> {
  const kept = await store.adapter(id);
  const weights = await store.weights(id);
  if (kept === null || weights === null) return null;
  const [config, ...others] = Object.entries(kept.files).map(([name, content]) => ({
    name,
    bytes: new TextEncoder().encode(content),
  }));
  return {
    name: kept.summary.name,
    files: renameFiles([...(config ? [config] : []), { name: WEIGHTS, bytes: weights }, ...others], kept.summary.name),
  };
}

export async function exportKept(
  store: RunStore,
  id: string,
  format: 'zip' | 'safetensors',
): Promise<ExportedFile | null> {
  const kept = await keptFiles(store, id);
  return kept && packFiles(kept.name, kept.files, format);
}
