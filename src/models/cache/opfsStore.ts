/**
 * The origin private file system: files of the browser's own, as fast as a disk. In a worker it is written through a
 * synchronous handle (the only way in older Safari); elsewhere through a stream that replaces the file when it is closed.
 */
import type { BlobStore } from './blobStore';

const ROOT = 'prelude-models';

export async function opfsStore(): Promise<BlobStore> {
  const origin = await navigator.storage.getDirectory();
  const root = () => origin.getDirectoryHandle(ROOT, { create: true });

  const folderAt = async (path: string, create = false): Promise<FileSystemDirectoryHandle | null> => {
    let folder = await root();
    for (const part of path.split('/')) {
      const next = await folder.getDirectoryHandle(part, { create }).catch(absent);
      if (next === null) return null;
      folder = next;
    }
    return folder;
  };
  const entries = async (path: string, kind: FileSystemHandleKind): Promise<string[]> => {
    const found: string[] = [];
    const folder = await folderAt(path);
    if (folder) for await (const [name, handle] of folder.entries()) if (handle.kind === kind) found.push(name);
    return found;
  };
  return {
    kind: 'opfs',
    async read(path, name) {
      const folder = await folderAt(path);
      const handle = await folder?.getFileHandle(name).catch(absent);
      if (!handle) return null;
      const file = await handle.getFile();
      return new Uint8Array(await file.arrayBuffer());
    },
    async write(path, name, bytes) {
      const folder = await folderAt(path, true);
      if (!folder) throw new DOMException(`${path} cannot be made.`, 'NotFoundError');
      const before = await folder.getFileHandle(name).catch(absent);
      const handle = before ?? (await folder.getFileHandle(name, { create: true }));
      try {
        await writeFile(handle, bytes);
      } catch (error) {
        if (before === null) await folder.removeEntry(name).catch(() => {});
        throw error;
      }
    },
    names: (path) => entries(path, 'file'),
    folders: (path) => entries(path, 'directory'),
    async remove(path, name) {
      const folder = await folderAt(path);
      await folder?.removeEntry(name).catch(absent);
    },
    async removeFolder(path) {
      const parts = path.split('/');
      const name = parts.pop() as string;
      const parent = parts.length === 0 ? await root() : await folderAt(parts.join('/'));
      await parent?.removeEntry(name, { recursive: true }).catch(absent);
    },
  };
}

async function writeFile(handle: FileSystemFileHandle, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (typeof handle.createSyncAccessHandle === 'function') {
    const file = await handle.createSyncAccessHandle();
    const before = new Uint8Array(file.getSize());
    file.read(before, { at: 0 });
    try {
      overwrite(file, bytes);
    } catch (error) {
      overwrite(file, before);
      throw error;
    } finally {
      file.close();
    }
    return;
  }
  const stream = await handle.createWritable();
  await stream.write(bytes);
  await stream.close();
}

/** Shortened at last, so that there is room to put back what was there. */
function overwrite(file: FileSystemSyncAccessHandle, bytes: Uint8Array<ArrayBuffer>): void {
  const written = file.write(bytes, { at: 0 });
  if (written < bytes.length) throw new DOMException('The disk is full.', 'QuotaExceededError');
  file.truncate(bytes.length);
}

function absent(error: unknown): null {
  if (error instanceof DOMException && error.name === 'NotFoundError') return null;
  throw error;
}
