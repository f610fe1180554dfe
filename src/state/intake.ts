/** Files as they are dropped or chosen → the one dataset they make, and its name. */

import type { DatasetFile } from '../worker';
import { pathOf } from '../worker';

/** The name of a single file, of the folder that all lie in, or how many they are. */
export function datasetName(files: readonly DatasetFile[]): string {
  const [first] = files;
  if (first === undefined) return 'no files';
  const folder = /^([^/]+)\//.exec(first.path)?.[1];
  if (folder !== undefined && files.every(({ path }) => path.startsWith(`${folder}/`))) return folder;
  return files.length === 1 ? first.path : `${files.length.toLocaleString('en')} files`;
}

export function datasetFiles(files: readonly File[]): DatasetFile[] {
  return files.map((file) => ({ path: pathOf(file), blob: file })).sort((a, b) => (a.path < b.path ? -1 : 1));
}
