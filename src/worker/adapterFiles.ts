/** Adapters as PEFT's files: how a stored one leaves, and how one that a person brings becomes a stored one. */
import { exportAdapter, exportSafeTensors, exportSingleFile, importAdapter, zipFiles } from '../adapters';
import { shapeOf } from './adapterShape';
import type { ExportedFile } from './protocol';
import type { AdapterOwner, StoredAdapter } from './storedAdapter';

export const filesOf = ({ adapter, record, owner }: Omit<StoredAdapter, 'summary'>): ExportedFile[] =>
  exportAdapter(adapter, { baseModel: owner.name, model: owner.geometry, record });

export async function exportStored(stored: StoredAdapter, format: 'zip' | 'safetensors'): Promise<ExportedFile> {
  return packFiles(stored.summary.name, filesOf(stored), format);
}

/** @param adapterName as the person calls it */
export function packFiles(
  adapterName: string,
  files: readonly ExportedFile[],
  format: 'zip' | 'safetensors',
): ExportedFile {
  const name = fileName(adapterName);
  if (format === 'safetensors') return { name: `${name}.safetensors`, bytes: exportSingleFile(files) };
  return { name: `${name}.zip`, bytes: zipFiles(name, files) };
}

/** @throws AdapterError where the files are no adapter, or one for a model of another shape */
export async function importStored(files: readonly File[], owner: AdapterOwner, id: string): Promise<StoredAdapter> {
  const contents = await Promise.all(
    files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
  );
  const { adapter, record } = importAdapter(contents, owner.geometry);
  const name = record?.name ?? contents[0]?.name.replace(/\.(zip|safetensors|json)$/i, '') ?? id;
  return {
    owner,
    adapter,
    record: record ?? { name },
    summary: {
      id,
      model: owner.name,
      name,
      shape: shapeOf(adapter),
      parameters: adapter.values.length,
      bytes: exportSafeTensors(adapter, owner.geometry).byteLength,
      steps: record?.steps ?? 0,
      baseLoss: null,
      loss: null,
      baseAccuracy: null,
      accuracy: null,
      origin: 'imported',
      template: record?.template ?? null,
    },
  };
}

/** An adapter's name as the name of a file. */
export const fileName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\w.-]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'adapter';
