/** A folder on disk as the files of a model. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ModelError } from '../errors';
import { type LocalFile, localModelFiles, type ModelFiles } from '../models';

export async function modelFolder(folder: string): Promise<ModelFiles> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause) => {
    throw new ModelError(
      `The folder ${folder} cannot be read.`,
      { file: folder },
      'Give the folder of a model with --model.',
      { cause },
    );
  });
  const files = await Promise.all(
    found
      .filter((entry) => entry.isFile())
      .map(async (entry): Promise<LocalFile> => {
        const path = join(entry.parentPath, entry.name);
        return {
          path: [...folder.split(sep).slice(-1), ...relative(folder, path).split(sep)].join('/'),
          bytes: (await stat(path)).size,
          open: () => createReadStream(path),
        };
      }),
  );
  return localModelFiles(files);
}
