/** Prefixes as PEFT's files: how a stored one leaves, and how one that a person brings becomes a stored one. */
import { exportPrefix, exportSafeTensors, importAdapter, zipFiles } from '../adapters';
import type { ExportedFile, ModelSummary } from './protocol';
import { geometryOf, ownerOf, type StoredPrefix } from './storedPrefix';

export const filesOf = async ({ prefix, record, owner }: StoredPrefix): Promise<ExportedFile[]> =>
  exportPrefix(prefix, { baseModel: owner.name, record });

export async function exportStored(stored: StoredPrefix, format: 'zip' | 'safetensors'): Promise<ExportedFile> {
  const name = fileName(stored.summary.name);
  if (format === 'safetensors') return { name: `${name}.safetensors`, bytes: exportSafeTensors(stored.prefix) };
  return { name: `${name}.zip`, bytes: zipFiles(name, await filesOf(stored)) };
}

/** @throws AdapterError where the files are no prefix, or one for a model of another shape */
export async function importStored(files: readonly File[], model: ModelSummary, id: string): Promise<StoredPrefix> {
  const contents = await Promise.all(
    files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
  );
  const { prefix, record } = importAdapter(contents, geometryOf(model));
  const owner = ownerOf(model);
  const name = record?.name ?? contents[0]?.name.replace(/\.(zip|safetensors|json)$/i, '') ?? id;
  return {
    owner,
    prefix,
    record: record ?? { name },
    summary: {
      id,
      model: owner.name,
      name,
      length: prefix.length,
      parameters: prefix.values.length,
      bytes: exportSafeTensors(prefix).byteLength,
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

/** A prefix's name as the name of a file. */
const fileName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\w.-]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'prefix';
