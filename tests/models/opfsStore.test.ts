/** What the origin private file system keeps when writing fails, on a small one made for the purpose. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BlobStore } from '../../src/models/cache/blobStore';
import { opfsStore } from '../../src/models/cache/opfsStore';

type Bytes = Uint8Array<ArrayBuffer>;

/** Files of one folder, written as in a worker; every path leads there. */
class SmallDisk {
  readonly files = new Map<string, Bytes>();
  room = 100;
  /** Another tab has its handle. */
  locked = false;

  readonly folder = {
    getDirectoryHandle: async () => this.folder,
    getFileHandle: async (name: string, { create = false } = {}) => {
      if (!this.files.has(name) && !create) throw new DOMException('There is none.', 'NotFoundError');
      if (!this.files.has(name)) this.files.set(name, new Uint8Array());
      return this.handle(name);
    },
    removeEntry: async (name: string) => void this.files.delete(name),
  };

  private handle(name: string) {
    const content = () => this.files.get(name) ?? new Uint8Array();
    const resize = (length: number) => {
      const next = new Uint8Array(length);
      next.set(content().subarray(0, length));
      this.files.set(name, next);
    };
    return {
      getFile: async () => new Blob([content()]),
      createSyncAccessHandle: async () => {
        if (this.locked) throw new DOMException('Another one has it.', 'NoModificationAllowedError');
        return {
          getSize: () => content().length,
          read: (into: Bytes) => into.set(content().subarray(0, into.length)),
          truncate: resize,
          write: (bytes: Bytes) => {
            const part = bytes.subarray(0, this.room);
            resize(Math.max(content().length, part.length));
            content().set(part);
            return part.length;
          },
          close: () => {},
        };
      },
    };
  }
}

let disk: SmallDisk;
let store: BlobStore;
beforeEach(async () => {
  disk = new SmallDisk();
  vi.stubGlobal('navigator', { storage: { getDirectory: async () => disk.folder } });
  store = await opfsStore();
  await store.write('models', 'record', Uint8Array.of(1, 2, 3));
});
afterEach(() => vi.unstubAllGlobals());

describe('an entry of the file system', () => {
  it('is replaced by a shorter one', async () => {
    await store.write('models', 'record', Uint8Array.of(9));
    expect(await store.read('models', 'record')).toEqual(Uint8Array.of(9));
  });

  it('stays what it was when the disk is full', async () => {
    disk.room = 4;
    await expect(store.write('models', 'record', new Uint8Array(5))).rejects.toThrow('The disk is full.');
    expect(await store.read('models', 'record')).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('stays when another tab is writing it', async () => {
    disk.locked = true;
    await expect(store.write('models', 'record', Uint8Array.of(9))).rejects.toThrow('Another one has it.');
    expect(await store.read('models', 'record')).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('that is new is not there when the disk is full', async () => {
    disk.room = 4;
    await expect(store.write('models', 'other', new Uint8Array(5))).rejects.toThrow('The disk is full.');
    expect(await store.read('models', 'other')).toBeNull();
  });
});
