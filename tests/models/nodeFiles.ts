/** A folder of this computer as model files, for tests in Node. */
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type LocalFile, localModelFiles, type ModelFiles } from '../../src/models';

export function folderModelFiles(folder: string): ModelFiles {
  const root = resolve(folder);
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => ({ path: path.replaceAll('\\', '/'), stat: statSync(join(root, path)) }))
    .filter(({ stat }) => stat.isFile())
    .map(
      ({ path, stat }): LocalFile => ({
        path: `${root.split(/[\\/]/).at(-1)}/${path}`,
        bytes: stat.size,
        open: () => createReadStream(join(root, path)),
      }),
    );
  return localModelFiles(files);
}
